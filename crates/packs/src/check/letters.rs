//! Letters and the number of the credential: places exist, mean something in the states that send the
//! letter, and are the same in both languages.

use std::collections::BTreeSet;

use crate::{
    chart::{Reason, State},
    defect::{Code, Defects, Span, suggest},
    expr::{Declared as _, Ty},
    letter::{LETTER_PLACES, Piece, pieces, places, sequence_width},
    pack::{Issue, Letter, Pack},
    scope::Scope,
};

pub(super) fn check(pack: &Pack, scope: &Scope, defects: &mut Defects) {
    for letter in &pack.letters {
        let states: Vec<&State> = pack
            .case
            .states
            .iter()
            .filter(|state| {
                state
                    .letter
                    .as_ref()
                    .is_some_and(|sent| sent.value == letter.id)
            })
            .collect();
        let misspelt = |state: &State| {
            let sent = state.letter.as_ref();
            sent.is_some_and(|sent| pack.letter_text(&sent.value).is_none())
        };
        if states.is_empty() && !pack.case.states.iter().any(misspelt) {
            let wrong = format!("no state sends the letter `{}`", letter.id);
            let mend = "Add `letter:` to a state, or remove it";
            defects.add(Code::Unused, letter.at, wrong, mend);
        }
        words(letter, defects);
        for place in letter_places(letter) {
            place_known(pack, scope, (letter, place), defects);
            for state in &states {
                place_in_state(pack, (letter, place), state, defects);
            }
        }
    }
    if let Some(issue) = &pack.issue {
        number(pack, issue, defects);
    }
}

fn letter_places(letter: &Letter) -> BTreeSet<&str> {
    let texts = [
        &letter.title.en,
        &letter.title.tc,
        &letter.body.en,
        &letter.body.tc,
    ];
    texts.into_iter().flat_map(|text| places(text)).collect()
}

fn words(letter: &Letter, defects: &mut Defects) {
    for (part, text) in [("title", &letter.title), ("body", &letter.body)] {
        let set = |text: &str| -> BTreeSet<String> {
            places(text).into_iter().map(str::to_owned).collect()
        };
        let (en, tc) = (set(&text.en), set(&text.tc));
        for place in en.symmetric_difference(&tc) {
            let lang = if en.contains(place) {
                "Chinese"
            } else {
                "English"
            };
            let wrong = format!(
                "the {lang} {part} of the letter `{}` lacks {{{place}}}",
                letter.id
            );
            defects.add(Code::LanguagesDiffer, letter.at, wrong, "Put it there too");
        }
        for words in [&text.en, &text.tc] {
            if let Some(Piece::Stray(brace)) = pieces(words)
                .into_iter()
                .find(|piece| matches!(piece, Piece::Stray(_)))
            {
                let wrong = format!(
                    "the {part} of the letter `{}` has a single `{brace}`",
                    letter.id
                );
                defects.add(
                    Code::LetterPlace,
                    letter.at,
                    wrong,
                    "Close the place, or write the brace twice",
                );
            }
        }
    }
}

fn place_known(
    pack: &Pack,
    scope: &Scope,
    (letter, place): (&Letter, &str),
    defects: &mut Defects,
) {
    let mut tell = |wrong: String, mend: String| {
        defects.add(Code::LetterPlace, letter.at, wrong, mend);
    };
    if place.starts_with("appeal.") && pack.appeal.is_none() {
        let wrong = format!(
            "the letter `{}` speaks of {{{place}}}, but the pack has no appeal",
            letter.id
        );
        let mend = if pack.has_no_appeal {
            "Leave the place out, or write the appeal in place of `none`"
        } else {
            "Add `appeal:` to the pack"
        };
        return tell(wrong, mend.to_owned());
    }
    if place == "appeal.by"
        && pack
            .appeal
            .as_ref()
            .is_some_and(|appeal| appeal.within_days.is_none())
    {
        let wrong = format!(
            "the letter `{}` gives a day for the appeal, but the pack gives none",
            letter.id
        );
        return tell(wrong, "Add `within_days:` to the appeal".to_owned());
    }
    if place == "case.due_on" && pack.promise.is_none() {
        let wrong = format!(
            "the letter `{}` gives a day for the answer, but no time is promised",
            letter.id
        );
        return tell(wrong, "Leave the place out, or promise a time".to_owned());
    }
    if LETTER_PLACES.contains(&place) {
        return;
    }
    let Some(ty) = scope.ty(place) else {
        let wrong = format!(
            "the letter `{}` has a place {{{place}}} that nothing fills",
            letter.id
        );
        return tell(wrong, meant(place, scope));
    };
    if matches!(ty, Ty::Item(_)) {
        return;
    }
    if let Some(field) = pack.field(place) {
        let page_when = pack.page_of(place).is_some_and(|page| page.when.is_some());
        if !field.required || field.when.is_some() || page_when {
            let wrong = format!(
                "the letter `{}` mentions `{place}`, which may have no answer",
                letter.id
            );
            let mend = format!(
                "Use a question that is always answered, or a let such as has({place}) ? {place} : '–'"
            );
            tell(wrong, mend);
        }
    }
}

/// The place that was meant: `{issue.from}` is `{issue.valid_from}`.
fn meant(place: &str, scope: &Scope) -> String {
    let of_subject = place.split_once('.').and_then(|(subject, rest)| {
        LETTER_PLACES.into_iter().find(|known| {
            let part = known
                .strip_prefix(subject)
                .and_then(|known| known.strip_prefix('.'));
            part.is_some_and(|part| part.contains(rest) || rest.contains(part))
        })
    });
    if let Some(known) = of_subject {
        return format!("Did you mean {{{known}}}?");
    }
    let names = scope.names();
    let known = names.iter().map(String::as_str).chain(LETTER_PLACES);
    suggest(place, known)
}

fn place_in_state(
    pack: &Pack,
    (letter, place): (&Letter, &str),
    state: &State,
    defects: &mut Defects,
) {
    let mut tell = |wrong: &str, mend: &str| {
        let wrong = format!(
            "{{{place}}} of the letter `{}` {wrong} `{}`",
            letter.id, state.id
        );
        let at = state.letter.as_ref().map_or(state.at, |sent| sent.span);
        defects.add(Code::LetterState, at, wrong, mend);
    };
    if place.contains('.') && !LETTER_PLACES.contains(&place) {
        return;
    }
    if place.starts_with("issue.") && !state.issue {
        tell(
            "is empty in the state",
            "Add `issue: true` to the state, or leave the place out",
        );
    }
    if place == "issue.valid_until"
        && pack
            .issue
            .as_ref()
            .is_some_and(|issue| issue.valid_until.is_none())
    {
        tell(
            "is never set, also in the state",
            "Add `valid_until:` to `issue`",
        );
    }
    if place == "case.decided_on" && !state.is_final() {
        tell(
            "is not known in the state",
            "Mention it in letters of decisions only",
        );
    }
    if place.starts_with("appeal.") && state.has_no_appeal {
        tell(
            "is empty: no appeal lies from the state",
            "Write a letter of its own for this refusal",
        );
    }
    if place == "case.reason" {
        let silent = pack.case.states.iter().any(|from| {
            let acts = from
                .actions
                .iter()
                .any(|action| action.to.value == state.id && action.reason != Reason::Required);
            acts || from.after.iter().any(|timer| timer.go.value == state.id)
        });
        if silent {
            let mend = "Write reason: required on every action that leads there, and no timer";
            tell("is not given on every way to the state", mend);
        }
    }
}

fn number(pack: &Pack, issue: &Issue, defects: &mut Defects) {
    let at: Span = issue.number.span;
    let found = places(&issue.number.value);
    if found.is_empty() || found == ["year"] {
        let mend = "Put {seq:6} into it, or a text question that is different in every case";
        defects.add(
            Code::LetterPlace,
            at,
            "every credential would have the same number",
            mend,
        );
    }
    for place in found {
        if place == "year" || sequence_width(place).is_some() {
            continue;
        }
        match pack.field(place) {
            Some(field) if field.required && field.when.is_none() => {}
            Some(_) => {
                let wrong = format!("the number rests on `{place}`, which may have no answer");
                defects.add(
                    Code::LetterPlace,
                    at,
                    wrong,
                    "Use a question that is always answered",
                );
            }
            None => {
                let wrong = format!("nothing fills {{{place}}} of the number");
                let mend = "Use {year}, {seq:6} or a text question";
                defects.add(Code::LetterPlace, at, wrong, mend);
            }
        }
    }
}
