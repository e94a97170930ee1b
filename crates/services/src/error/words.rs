//! The words of this crate's errors, by code: what happened, then what is safe and what to do next.

use web::StatusCode;

/// What people and machines are told of one code.
pub(super) struct Words {
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    /// What happened, in English and Traditional Chinese.
    pub(super) title: [&'static str; 2],
    /// What is safe and what to do next.
    pub(super) advice: [&'static str; 2],
}

/// The last row stands for everything that is our own fault.
pub(super) static WORDS: &[Words] = &[
    Words {
        code: "SV-001",
        status: StatusCode::NOT_FOUND,
        title: ["We do not know this service", "找不到這項服務"],
        advice: ["Search for it by name.", "請以名稱搜尋。"],
    },
    Words {
        code: "SV-002",
        status: StatusCode::NOT_FOUND,
        title: [
            "This service is not yet online here",
            "這項服務尚未可在此網上辦理",
        ],
        advice: [
            "The page of the service names the department and the form.",
            "服務頁面列明負責部門及表格編號。",
        ],
    },
    Words {
        code: "SV-003",
        status: StatusCode::GONE,
        title: [
            "The questions of this service have changed",
            "這項服務的問題已經更改",
        ],
        advice: [
            "Start again: what we hold about you is filled in for you.",
            "請重新開始，我們會為你填寫已有的資料。",
        ],
    },
    Words {
        code: "SV-004",
        status: StatusCode::NOT_FOUND,
        title: ["We cannot find this draft", "找不到這份草稿"],
        advice: [
            "Your applications and drafts are listed under your name.",
            "你的申請及草稿列於你的帳戶內。",
        ],
    },
    Words {
        code: "SV-005",
        status: StatusCode::GONE,
        title: [
            "This draft was kept as long as we may keep it",
            "這份草稿已超過保存期限",
        ],
        advice: ["Start the application again.", "請重新開始申請。"],
    },
    Words {
        code: "SV-006",
        status: StatusCode::CONFLICT,
        title: [
            "You saved this draft in another window",
            "你已在另一視窗儲存這份草稿",
        ],
        advice: [
            "Both versions are kept. Compare them and choose one.",
            "兩個版本均已保留。請比較後選擇其一。",
        ],
    },
    Words {
        code: "SV-007",
        status: StatusCode::NOT_FOUND,
        title: [
            "This page does not belong to your application",
            "這一頁不屬於你的申請",
        ],
        advice: ["Continue from the list of questions.", "請由問題清單繼續。"],
    },
    Words {
        code: "SV-008",
        status: StatusCode::CONFLICT,
        title: [
            "The fee is paid, so the answers are fixed",
            "費用已繳付，答案不能再更改",
        ],
        advice: [
            "Sign and submit. An officer can correct an answer afterwards.",
            "請簽署並提交。提交後可由人員更正。",
        ],
    },
    Words {
        code: "SV-009",
        status: StatusCode::FORBIDDEN,
        title: [
            "This service needs a stronger sign-in",
            "這項服務需要更高級別的登入",
        ],
        advice: [
            "Upgrade in the app on your phone.",
            "請在手機應用程式升級。",
        ],
    },
    Words {
        code: "SV-010",
        status: StatusCode::FORBIDDEN,
        title: [
            "You may not sign for this company",
            "你無權代表這間公司簽署",
        ],
        advice: ["Ask a person who may sign.", "請由有權簽署的人辦理。"],
    },
    Words {
        code: "SV-011",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["Some answers are missing or wrong", "部分答案欠缺或有誤"],
        advice: [
            "Each is named with what to change.",
            "每項均已列明須更改之處。",
        ],
    },
    Words {
        code: "SV-012",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "You cannot apply with these answers",
            "按這些答案，你未能申請",
        ],
        advice: [
            "The reason stands beside each rule.",
            "每項規則旁均列明原因。",
        ],
    },
    Words {
        code: "SV-013",
        status: StatusCode::CONFLICT,
        title: [
            "The answers have changed since you checked them",
            "答案在你核對後有所更改",
        ],
        advice: [
            "Check them once more, then go on.",
            "請再核對一次，然後繼續。",
        ],
    },
    Words {
        code: "SV-014",
        status: StatusCode::CONFLICT,
        title: ["We have not received the fee yet", "我們尚未收到費用"],
        advice: [
            "If you paid a moment ago, wait a minute; you will not pay twice.",
            "如你剛才已付款，請稍候一分鐘；你不會被重複收費。",
        ],
    },
    Words {
        code: "SV-015",
        status: StatusCode::CONFLICT,
        title: ["The application is not signed yet", "申請尚未簽署"],
        advice: ["Sign with your phone.", "請以手機簽署。"],
    },
    Words {
        code: "SV-016",
        status: StatusCode::CONFLICT,
        title: ["The signature does not fit these answers", "簽署與答案不符"],
        advice: ["Sign once more.", "請重新簽署。"],
    },
    Words {
        code: "SV-017",
        status: StatusCode::CONFLICT,
        title: [
            "You already have an application under way",
            "你已有一宗申請正在處理",
        ],
        advice: [
            "Follow that one, or withdraw it first. You have not been charged again.",
            "請跟進該宗申請，或先行撤回。你不會再被收費。",
        ],
    },
    Words {
        code: "SV-018",
        status: StatusCode::FORBIDDEN,
        title: ["You may not act for this company", "你無權代表這間公司辦理"],
        advice: [
            "Ask the company's administrator for a mandate.",
            "請向公司的管理人索取授權。",
        ],
    },
    Words {
        code: "SV-019",
        status: StatusCode::FORBIDDEN,
        title: [
            "You may not use this service for the company",
            "你無權代表公司使用這項服務",
        ],
        advice: [
            "Ask an administrator of the company.",
            "請向公司的管理員查詢。",
        ],
    },
    Words {
        code: "SV-020",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["The file is empty", "檔案是空白的"],
        advice: ["Your other answers are saved.", "你的其他答案已經儲存。"],
    },
    Words {
        code: "SV-021",
        status: StatusCode::PAYLOAD_TOO_LARGE,
        title: ["The file is too large", "檔案太大"],
        advice: ["Your other answers are saved.", "你的其他答案已經儲存。"],
    },
    Words {
        code: "SV-022",
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        title: [
            "This is not the kind of file it says it is, or not one we accept",
            "檔案的實際類型與其名稱不符，或不獲接納",
        ],
        advice: ["Your other answers are saved.", "你的其他答案已經儲存。"],
    },
    Words {
        code: "SV-023",
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        title: [
            "This kind of file is not asked for here",
            "這類檔案不獲接納",
        ],
        advice: ["Your other answers are saved.", "你的其他答案已經儲存。"],
    },
    Words {
        code: "SV-024",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["There are too many files", "檔案數目過多"],
        advice: ["Remove one first.", "請先移除一個檔案。"],
    },
    Words {
        code: "SV-025",
        status: StatusCode::NOT_FOUND,
        title: ["We cannot find this document", "找不到這份文件"],
        advice: ["Your other answers are saved.", "你的其他答案已經儲存。"],
    },
    Words {
        code: "SV-026",
        status: StatusCode::CONFLICT,
        title: ["The file is still being examined", "檔案仍在檢查中"],
        advice: ["Try again in a minute.", "請於一分鐘後再試。"],
    },
    Words {
        code: "SV-027",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "A file holds malware and was removed",
            "檔案含有惡意程式，已被移除",
        ],
        advice: [
            "Send another copy of the document.",
            "請提交文件的另一份副本。",
        ],
    },
    Words {
        code: "SV-028",
        status: StatusCode::FORBIDDEN,
        title: ["You do not hold the company chop", "你無權使用公司印章"],
        advice: ["Ask a person who holds it.", "請由可使用公司印章的人辦理。"],
    },
    Words {
        code: "SV-029",
        status: StatusCode::FORBIDDEN,
        title: ["The fee is above your limit", "費用超出你的上限"],
        advice: [
            "Ask a second person of the company to let it pass, or hand it to somebody with a higher limit. A limit of a month begins anew on the first.",
            "請由公司另一人同意，或交由上限較高的人辦理。每月上限於下月一日重新計算。",
        ],
    },
    Words {
        code: "SV-042",
        status: StatusCode::CONFLICT,
        title: ["The company chop is missing", "尚未加蓋公司印章"],
        advice: [
            "Put the chop on the signed application first.",
            "請先為已簽署的申請加蓋公司印章。",
        ],
    },
    Words {
        code: "SV-030",
        status: StatusCode::NOT_FOUND,
        title: ["We cannot find this case", "找不到這宗個案"],
        advice: ["Check the reference number.", "請核對檔案編號。"],
    },
    Words {
        code: "SV-031",
        status: StatusCode::FORBIDDEN,
        title: ["This case is for another role", "這宗個案由其他職務處理"],
        advice: ["Ask a supervisor to assign it.", "請主管分派。"],
    },
    Words {
        code: "SV-032",
        status: StatusCode::CONFLICT,
        title: ["The case cannot do this now", "個案目前不能進行這個步驟"],
        advice: [
            "Look at the case again; it may have moved.",
            "請重新查看個案，狀態可能已改變。",
        ],
    },
    Words {
        code: "SV-033",
        status: StatusCode::CONFLICT,
        title: [
            "Somebody worked on this case in the meantime",
            "期間有其他人處理過這宗個案",
        ],
        advice: [
            "Nothing was changed by you. Read the case again and decide then.",
            "你的操作未有生效。請重新閱讀個案後再作決定。",
        ],
    },
    Words {
        code: "SV-034",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["A reason is needed", "須填寫理由"],
        advice: [
            "Write it in words the applicant understands.",
            "請以申請人能明白的文字填寫。",
        ],
    },
    Words {
        code: "SV-035",
        status: StatusCode::FORBIDDEN,
        title: ["A second person must confirm this", "須由另一位人員確認"],
        advice: [
            "You proposed it; a colleague confirms it.",
            "你是提議人，請由同事確認。",
        ],
    },
    Words {
        code: "SV-036",
        status: StatusCode::CONFLICT,
        title: [
            "A decision waits for a second person",
            "決定正等候另一位人員確認",
        ],
        advice: [
            "Confirm or send back that one first.",
            "請先確認或退回該項決定。",
        ],
    },
    Words {
        code: "SV-037",
        status: StatusCode::CONFLICT,
        title: ["Another officer holds this case", "個案正由另一位人員處理"],
        advice: [
            "Ask for its release, or let a supervisor assign it.",
            "請要求釋出，或由主管分派。",
        ],
    },
    Words {
        code: "SV-038",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "Say what you ask, and name the fields",
            "請列明問題及要求補充的項目",
        ],
        advice: [
            "Only the named fields open for the applicant.",
            "只有指明的項目會開放給申請人更改。",
        ],
    },
    Words {
        code: "SV-039",
        status: StatusCode::CONFLICT,
        title: ["There is nothing to answer", "目前沒有須回覆的要求"],
        advice: [
            "Your reply may have been sent already.",
            "你的回覆可能已經送出。",
        ],
    },
    Words {
        code: "SV-040",
        status: StatusCode::CONFLICT,
        title: ["The case is closed", "個案已經結束"],
        advice: [
            "A closed case can only be corrected, with a reason.",
            "已結束的個案只可附理由更正。",
        ],
    },
    Words {
        code: "SV-041",
        status: StatusCode::FORBIDDEN,
        title: ["This is your own application", "這是你本人的申請"],
        advice: [
            "A colleague works on it. You can follow it as an applicant.",
            "須由同事處理。你可以申請人身分跟進。",
        ],
    },
    Words {
        code: "SV-050",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["Choose a rating from 1 to 5", "請選擇1至5分"],
        advice: ["Words are welcome and optional.", "歡迎留言，但並非必須。"],
    },
    Words {
        code: "SV-051",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["You have not said anything yet", "你尚未填寫意見"],
        advice: [
            "Write a few words, or choose a rating.",
            "請寫下意見，或選擇評分。",
        ],
    },
    Words {
        code: "SV-052",
        status: StatusCode::NOT_FOUND,
        title: ["We cannot find this feedback", "找不到這項意見"],
        advice: [
            "Go back to the list and choose again.",
            "請返回列表再選擇。",
        ],
    },
    Words {
        code: "SV-053",
        status: StatusCode::CONFLICT,
        title: ["Somebody has dealt with this already", "此項已由其他人處理"],
        advice: ["Go back to the list and look again.", "請返回列表再查看。"],
    },
    Words {
        code: "SV-054",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "A report about a look at personal data is not answered in public",
            "有關查閱個人資料的報告不會公開回覆",
        ],
        advice: [
            "Close it with a reason: the person reads it in the inbox.",
            "請以原因結案，當事人會在收件匣看到。",
        ],
    },
    Words {
        code: "SV-055",
        status: StatusCode::NOT_FOUND,
        title: ["We cannot find this record", "找不到這項查閱紀錄"],
        advice: [
            "Everything recorded about your data is listed under your name.",
            "有關你資料的所有紀錄列於你的帳戶內。",
        ],
    },
    Words {
        code: "SV-056",
        status: StatusCode::FORBIDDEN,
        title: [
            "You may not announce to this audience",
            "你不可向這些對象發出公告",
        ],
        advice: [
            "Owners announce for their own department and its services.",
            "服務負責人只可為所屬部門及其服務發出公告。",
        ],
    },
    Words {
        code: "SV-060",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["The pack has defects", "服務套件有錯誤"],
        advice: ["Each is named with its line.", "每項錯誤均列明行號。"],
    },
    Words {
        code: "SV-061",
        status: StatusCode::CONFLICT,
        title: ["This version is published already", "這個版本已經發布"],
        advice: [
            "Give the pack the next version number.",
            "請使用下一個版本號。",
        ],
    },
    Words {
        code: "SV-062",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: ["The cut-off must lie in the future", "截止時間須在將來"],
        advice: [
            "People in the middle of a form need time to finish.",
            "正在填寫的市民需要時間完成。",
        ],
    },
    Words {
        code: "SV-063",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "The last day to submit comes before the cut-off",
            "遞交期限早於停止申請的時間",
        ],
        advice: [
            "Give people who have begun time to finish: choose the same time or a later one.",
            "請讓已開始填寫的市民有時間完成：選擇相同或較後的時間。",
        ],
    },
    Words {
        code: "SV-064",
        status: StatusCode::GONE,
        title: [
            "This service takes no new applications",
            "此服務已停止接受新申請",
        ],
        advice: [
            "The page of the service says why, and what to use instead.",
            "服務頁面載有原因及可改用的服務。",
        ],
    },
    Words {
        code: "SV-065",
        status: StatusCode::CONFLICT,
        title: ["The cut-off has passed", "停止申請的時間已過"],
        advice: [
            "People were told that the service has ended. To open it again, publish it as a new service.",
            "市民已獲告知服務終止。如需重新開放，請以新服務發布。",
        ],
    },
    Words {
        code: "SV-066",
        status: StatusCode::NOT_FOUND,
        title: ["We cannot find this version", "找不到這個版本"],
        advice: [
            "It may have been replaced by a later text. Go back to the service's page.",
            "它可能已被較新的文本取代。請返回服務頁面。",
        ],
    },
    Words {
        code: "SV-067",
        status: StatusCode::CONFLICT,
        title: [
            "Somebody has decided about this already, or another version waits",
            "此項已由其他人處理，或另有版本等候確認",
        ],
        advice: [
            "Open the service's page and look at what waits there.",
            "請開啟服務頁面查看等候中的版本。",
        ],
    },
    Words {
        code: "SV-068",
        status: StatusCode::FORBIDDEN,
        title: [
            "Only the department that owns the service does this",
            "只有負責該服務的部門可以這樣做",
        ],
        advice: [
            "Check the key owner: of the pack, or ask the owner of the service.",
            "請檢查服務套件的 owner: 欄，或聯絡該服務的負責人員。",
        ],
    },
    Words {
        code: "SV-090",
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: ["Something went wrong on our side", "系統發生問題"],
        advice: [
            "What you saved is safe. Try again in a few minutes.",
            "你已儲存的資料仍然安全。請於數分鐘後再試。",
        ],
    },
];
