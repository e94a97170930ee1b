//! The words of each error: what happened, and what is safe or to be done next.

/// English and Traditional Chinese of one error.
pub(crate) struct Words {
    pub(crate) code: &'static str,
    pub(crate) title: [&'static str; 2],
    pub(crate) advice: [&'static str; 2],
}

/// For failures on our side, which a person can do nothing about.
static OURS: Words = Words {
    code: "",
    title: ["Something went wrong on our side", "系統發生問題"],
    advice: [
        "Nothing was changed. Try again in a few minutes.",
        "沒有更改任何資料。請於數分鐘後再試。",
    ],
};

static WORDS: &[Words] = &[
    Words {
        code: "ID-001",
        title: ["There is nothing here for you", "這裏沒有屬於你的資料"],
        advice: [
            "The address may be mistyped, or its time may be over. Start again from the page you came from.",
            "網址可能有誤，或已逾時。請由原來的頁面重新開始。",
        ],
    },
    Words {
        code: "ID-002",
        title: [
            "This request was made in another browser",
            "這項要求由另一個瀏覽器提出",
        ],
        advice: [
            "Only the browser that asked can continue. Start again in this browser.",
            "只有提出要求的瀏覽器才可繼續。請在此瀏覽器重新開始。",
        ],
    },
    Words {
        code: "ID-003",
        title: [
            "Another phone has opened this request",
            "另一部手機已開啟這項要求",
        ],
        advice: [
            "If that was not you, do nothing: nobody has been signed in. Start again in your browser to get a new code.",
            "如並非你本人所為，無須理會：沒有人因此登入。請在瀏覽器重新開始以取得新代碼。",
        ],
    },
    Words {
        code: "ID-004",
        title: [
            "This request is addressed to another person",
            "這項要求是給另一位人士的",
        ],
        advice: [
            "Nothing was signed. Check who is signed in in the browser.",
            "沒有簽署任何文件。請查看瀏覽器以誰的身分登入。",
        ],
    },
    Words {
        code: "ID-005",
        title: ["The time for this request is over", "這項要求已逾時"],
        advice: [
            "Nothing was approved. Start again from the page you came from.",
            "沒有批准任何事項。請由原來的頁面重新開始。",
        ],
    },
    Words {
        code: "ID-006",
        title: ["This request already has an answer", "這項要求已有結果"],
        advice: [
            "An answer cannot be changed. Start again if you need a new one.",
            "結果不能更改。如有需要，請重新開始。",
        ],
    },
    Words {
        code: "ID-007",
        title: ["This approval has already been used", "這項批准已被使用"],
        advice: [
            "An approval works once. Start again if you need another.",
            "每項批准只可使用一次。如有需要，請重新開始。",
        ],
    },
    Words {
        code: "ID-008",
        title: ["This request has not been approved", "這項要求未獲批准"],
        advice: [
            "Approve it on your phone, or start again.",
            "請在手機上批准，或重新開始。",
        ],
    },
    Words {
        code: "ID-009",
        title: [
            "Open the request on your phone first",
            "請先在手機上開啟這項要求",
        ],
        advice: [
            "Read what is asked, compare the code, then answer.",
            "請閱讀要求內容並核對代碼，然後作答。",
        ],
    },
    Words {
        code: "ID-010",
        title: ["This needs the plus level", "這項要求需要進階級別"],
        advice: [
            "Your account has the basic level. Raise it in the app by showing your identity card, then try again.",
            "你的帳戶屬基本級別。請在應用程式出示身份證以提升級別，然後再試。",
        ],
    },
    Words {
        code: "ID-011",
        title: [
            "Too many requests are waiting on your phone",
            "手機上有太多要求等候處理",
        ],
        advice: [
            "Answer some of them, or wait until they run out.",
            "請先處理部分要求，或待其逾時。",
        ],
    },
    Words {
        code: "ID-012",
        title: [
            "This message from a phone was used before",
            "手機傳來的這項訊息已被使用",
        ],
        advice: [
            "Nothing was done a second time. Open the app and try again.",
            "沒有重複執行。請開啟應用程式再試。",
        ],
    },
    Words {
        code: "ID-013",
        title: [
            "The phone's signature was not accepted",
            "手機的簽署不獲接納",
        ],
        advice: [
            "Check that the phone's clock is right, then try again.",
            "請檢查手機時鐘是否準確，然後再試。",
        ],
    },
    Words {
        code: "ID-014",
        title: ["This phone is not enrolled", "這部手機並未登記"],
        advice: [
            "It may have been replaced by another phone. Enrol it again in the app.",
            "它可能已被另一部手機取代。請在應用程式重新登記。",
        ],
    },
    Words {
        code: "ID-015",
        title: ["This account cannot be used", "這個帳戶不能使用"],
        advice: [
            "It has been suspended or closed. Call 1823 for help.",
            "帳戶已暫停或結束。如需協助，請致電 1823。",
        ],
    },
    Words {
        code: "ID-016",
        title: ["The particulars do not match", "資料不相符"],
        advice: [
            "Check the identity card number and the date of birth. After five attempts you must wait an hour.",
            "請檢查身份證號碼及出生日期。嘗試五次後須等候一小時。",
        ],
    },
    Words {
        code: "ID-017",
        title: ["Too many attempts", "嘗試次數過多"],
        advice: [
            "Wait an hour, then try again with the card in your hand.",
            "請等候一小時，然後手持身份證再試。",
        ],
    },
    Words {
        code: "ID-018",
        title: ["You must be at least 11 years old", "你必須年滿 11 歲"],
        advice: [
            "A parent or guardian can use the services for you.",
            "家長或監護人可代你使用服務。",
        ],
    },
    Words {
        code: "ID-019",
        title: ["A parent or guardian must agree", "須獲家長或監護人同意"],
        advice: [
            "A parent or guardian with an account of the plus level agrees first, on their own phone: under My profile, Children. Then enrol again.",
            "須先由進階級別的家長或監護人在其手機上同意（「我的資料」內的「子女」），然後再登記。",
        ],
    },
    Words {
        code: "ID-020",
        title: [
            "The register does not answer at the moment",
            "登記冊暫時沒有回應",
        ],
        advice: [
            "Nothing was saved. Try again in a few minutes.",
            "沒有儲存任何資料。請於數分鐘後再試。",
        ],
    },
    Words {
        code: "ID-021",
        title: ["A value was not accepted", "有資料不獲接納"],
        advice: [
            "Check its form. Values from the register cannot be changed here.",
            "請檢查格式。來自登記冊的資料不能在此更改。",
        ],
    },
    Words {
        code: "ID-022",
        title: ["The request could not be read", "未能讀取這項要求"],
        advice: [
            "Go back and try again. Nothing was changed.",
            "請返回再試。沒有更改任何資料。",
        ],
    },
    Words {
        code: "ID-023",
        title: ["This person has no desk", "這位人士沒有工作枱"],
        advice: [
            "Only officers with an active post can sign in here. Ask your department's administrator.",
            "只有現任職位的人員才可在此登入。請向部門管理員查詢。",
        ],
    },
    Words {
        code: "ID-030",
        title: ["The register has no such company", "登記冊沒有這間公司"],
        advice: [
            "Check both numbers on the certificates. They must belong to the same company.",
            "請核對證書上的兩個號碼。兩者必須屬於同一間公司。",
        ],
    },
    Words {
        code: "ID-031",
        title: ["You are not named as a director", "登記冊未有將你列為董事"],
        advice: [
            "Only a director on the register can bring the company here. Anybody else is invited by the company.",
            "只有登記冊上的董事才可為公司登記，其他人士由公司邀請。",
        ],
    },
    Words {
        code: "ID-032",
        title: [
            "The company is not live on the register",
            "公司在登記冊上並非仍註冊",
        ],
        advice: [
            "A company that is dormant, winding up or dissolved cannot act here. What it applied for before can still be read.",
            "不活動、清盤中或已解散的公司不能在此行事，但仍可查閱以往的申請。",
        ],
    },
    Words {
        code: "ID-033",
        title: [
            "Only an administrator of the company can do this",
            "只有公司的管理員可這樣做",
        ],
        advice: [
            "Ask an administrator or the responsible person of the company.",
            "請向公司的管理員或負責人查詢。",
        ],
    },
    Words {
        code: "ID-034",
        title: ["These powers cannot be given", "不能給予這些權限"],
        advice: [
            "Nobody gives more than they hold. Check the role, the services, the limit and the last day.",
            "任何人不能給予多於自己所有的權限。請檢查角色、服務、上限及最後日期。",
        ],
    },
    Words {
        code: "ID-035",
        title: ["A second person must agree", "須由另一人同意"],
        advice: [
            "You asked for this change, so somebody else decides. You can take it back.",
            "這項更改由你提出，須由另一人決定。你可收回。",
        ],
    },
    Words {
        code: "ID-036",
        title: [
            "Nobody else of the company could agree",
            "公司沒有其他人可同意",
        ],
        advice: [
            "This change needs two people. Ask the responsible person of the company.",
            "這項更改需要兩人同意。請向公司負責人查詢。",
        ],
    },
    Words {
        code: "ID-037",
        title: ["Nobody would answer for the company", "公司將沒有負責人"],
        advice: [
            "Another director must join first. Then you can leave.",
            "須先有另一名董事加入，你才可離開。",
        ],
    },
    Words {
        code: "ID-038",
        title: ["This is there already", "這項已存在"],
        advice: [
            "It may have been asked for and wait for somebody. Look at the page again.",
            "可能已提出並正等候處理。請重新查看該頁。",
        ],
    },
    Words {
        code: "ID-039",
        title: ["Too much is waiting", "等候處理的事項過多"],
        advice: [
            "Settle or take back some of what waits, then try again.",
            "請先處理或收回部分事項，然後再試。",
        ],
    },
    Words {
        code: "ID-040",
        title: ["Your post does not do this", "你的職位不能這樣做"],
        advice: [
            "Accounts are suspended by officers of the Digital Policy Office and lifted by its supervisors; deaths are noted by the Immigration Department.",
            "帳戶由數字政策辦公室人員暫停，並由其主管恢復；死亡通知由入境事務處登記。",
        ],
    },
    Words {
        code: "ID-041",
        title: [
            "This file cannot be signed or checked",
            "這個檔案不能簽署或核對",
        ],
        advice: [
            "It may be encrypted, damaged, or not a PDF. Nothing was kept. Save it again as a PDF without a password and try once more.",
            "檔案可能已加密、損毀，或並非 PDF。沒有保存任何資料。請另存為沒有密碼的 PDF 後再試。",
        ],
    },
    Words {
        code: "ID-044",
        title: [
            "This approval is for something else",
            "這項批准屬於另一事項",
        ],
        advice: [
            "Nothing was changed. Start again from the page you came from.",
            "沒有更改任何資料。請由原來的頁面重新開始。",
        ],
    },
    Words {
        code: "ID-042",
        title: [
            "Your account is too new to sign this",
            "你的帳戶開立時間不足，未能簽署",
        ],
        advice: [
            "The department asks for an account that has existed for some days, as a protection against fraud. Nothing was signed. Try again later, or ask the department.",
            "部門為防範欺詐，要求帳戶已開立一段時間。沒有簽署任何文件。請稍後再試，或向部門查詢。",
        ],
    },
    Words {
        code: "ID-043",
        title: [
            "The document is for the holder of another identity card",
            "文件須由另一張身份證的持有人簽署",
        ],
        advice: [
            "Nothing was signed. Check with the department for whom the document was made.",
            "沒有簽署任何文件。請向部門查詢文件是為誰而設。",
        ],
    },
    Words {
        code: "ID-045",
        title: [
            "A guardian agrees only for somebody of 11 to 17",
            "監護人只可為 11 至 17 歲人士同意",
        ],
        advice: [
            "Check the date of birth. Adults need nobody's agreement, and a guardian must be an adult.",
            "請核對出生日期。成年人無須他人同意，而監護人必須為成年人。",
        ],
    },
    Words {
        code: "ID-046",
        title: ["Your account rests on a passport", "你的帳戶以護照登記"],
        advice: [
            "There is no identity card to show. Bring your passport to a counter: an officer looks at it and your account has the plus level again.",
            "你的帳戶沒有身份證可供核對。請攜同護照到櫃位：人員核對後，你的帳戶便會回復進階級別。",
        ],
    },
    Words {
        code: "ID-047",
        title: ["Passport number and code do not fit", "護照號碼與代碼不符"],
        advice: [
            "Check both and try again. After a few wrong tries the code is void, and a counter gives you a new one.",
            "請核對兩者後再試。多次輸入錯誤後代碼即告失效，須到櫃位重新領取。",
        ],
    },
    Words {
        code: "ID-060",
        title: ["The passkey was not accepted", "通行密鑰未獲接納"],
        advice: [
            "It may have been removed here, or belongs to another site. Sign in with your phone, and look at your list of devices.",
            "該密鑰可能已被移除，或屬於另一網站。請以手機登入，並查看裝置清單。",
        ],
    },
    Words {
        code: "ID-061",
        title: [
            "You have as many passkeys as are allowed",
            "通行密鑰已達上限",
        ],
        advice: [
            "Remove one that you no longer use, then add the new one.",
            "請先移除不再使用的密鑰，再加入新的密鑰。",
        ],
    },
    Words {
        code: "ID-062",
        title: ["Card and code do not fit together", "身份證與代碼不相符"],
        advice: [
            "Check both. After five wrong codes, or a day, the code is void; ask for another at the counter.",
            "請核對兩者。輸入錯誤五次或超過一天後代碼即告失效，請到櫃位重新申請。",
        ],
    },
    Words {
        code: "ID-063",
        title: [
            "There are no passkeys at this address",
            "此網址不支援通行密鑰",
        ],
        advice: [
            "Browsers accept passkeys only for a site with a name and a secure connection. Use your phone.",
            "瀏覽器只接受具網域名稱及安全連線的網站使用通行密鑰。請使用手機。",
        ],
    },
    Words {
        code: "ID-064",
        title: ["The phone must check that it is you", "手機須確認是你本人"],
        advice: [
            "Your face or your card must be checked first. Start this step again and follow the app.",
            "須先核對你的面容或身份證。請重新開始這一步，並按應用程式指示操作。",
        ],
    },
    Words {
        code: "ID-065",
        title: [
            "This passkey is copied between devices",
            "此通行密鑰會在裝置之間複製",
        ],
        advice: [
            "What you asked for needs a passkey that stays on one device, or your phone. Nothing was signed. Go back and answer on your phone.",
            "這項要求須使用只存於一部裝置的通行密鑰，或你的手機。沒有簽署任何文件。請返回並以手機作答。",
        ],
    },
    Words {
        code: "ID-066",
        title: ["Only your phone answers this", "這項要求只可用手機作答"],
        advice: [
            "Whoever asks wants something that a passkey cannot show. Nothing was signed. Go back and answer on your phone.",
            "要求的一方須核對通行密鑰不能證明的事項。沒有簽署任何文件。請返回並以手機作答。",
        ],
    },
    Words {
        code: "ID-070",
        title: [
            "You may not sign this for the company",
            "你不可代表該公司簽署此文件",
        ],
        advice: [
            "Your powers for this company do not cover it, or have ended. Ask an administrator of the company.",
            "你在該公司的權限不包括此項，或已終止。請向公司的管理員查詢。",
        ],
    },
    Words {
        code: "ID-071",
        title: ["The amount is above your limit", "金額超出你的限額"],
        advice: [
            "A second person of the company must agree first. An administrator finds it on the company's page under “Waiting”.",
            "須先由公司另一人同意。管理員可在公司頁面的「待處理」找到此項。",
        ],
    },
    Words {
        code: "ID-072",
        title: [
            "Your role does not let you do this with the company's documents",
            "你的角色不可如此處理公司的文件",
        ],
        advice: [
            "Nothing was changed. Ask an administrator of the company to do it, or to give you a wider role.",
            "沒有更改任何資料。請由公司的管理員處理，或請管理員給予較大權限。",
        ],
    },
    Words {
        code: "ID-073",
        title: [
            "The company's document wallet is full",
            "公司的文件錢包已滿",
        ],
        advice: [
            "A company keeps up to 100 documents and 100 MB, with those removed in the last 30 days. Nothing was changed.",
            "每間公司最多可存 100 份文件及共 100 MB，包括過去 30 日內移除的文件。沒有更改任何資料。",
        ],
    },
    Words {
        code: "ID-074",
        title: ["Choose the documents to hand over", "請選擇要提供的文件"],
        advice: [
            "Tick at least one, and no more than the request allows. Nothing was handed over.",
            "請剔選最少一份，並不超過要求的數目。沒有提供任何文件。",
        ],
    },
];

/// The words of the error with this code.
pub(crate) fn words(code: &str) -> &'static Words {
    WORDS
        .iter()
        .find(|words| words.code == code)
        .unwrap_or(&OURS)
}
