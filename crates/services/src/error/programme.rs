//! The words of errors about target dates.

use web::StatusCode;

use super::words::Words;

pub(super) static PROGRAMME: &[Words] = &[
    Words {
        code: "SV-070",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "The target date must be today or later, and at most ten years ahead",
            "目標日期必須為今天或之後，並在十年之內",
        ],
        advice: ["Choose another day.", "請選擇另一日期。"],
    },
    Words {
        code: "SV-071",
        status: StatusCode::CONFLICT,
        title: [
            "The service has come to this stage already",
            "這項服務已達到這個階段",
        ],
        advice: ["Choose a later stage.", "請選擇之後的階段。"],
    },
    Words {
        code: "SV-072",
        status: StatusCode::UNPROCESSABLE_ENTITY,
        title: [
            "This is the target date that stands already",
            "這正是現時的目標日期",
        ],
        advice: [
            "Choose another day, or leave it as it is.",
            "請選擇另一日期，或保留現時的日期。",
        ],
    },
    Words {
        code: "SV-073",
        status: StatusCode::CONFLICT,
        title: [
            "The date of this stage was moved fifty times",
            "這個階段的日期已更改五十次",
        ],
        advice: [
            "It cannot be moved again. Reach the stage, or publish why it is given up.",
            "日期不能再更改。請完成這個階段，或公布放棄的原因。",
        ],
    },
];
