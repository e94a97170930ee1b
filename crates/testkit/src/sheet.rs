//! A form as a page shows it: where it goes, what stands in it, which names it has.

/// One form of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub action: String,
    /// What a browser would send if nobody touched anything, in order, without the buttons.
    pub values: Vec<(String, String)>,
    /// Every name, also of empty boxes and of buttons.
    pub names: Vec<String>,
}

impl Sheet {
    /// The first form in `html` whose address ends with `action`.
    #[must_use]
    pub fn find(html: &str, action: &str) -> Option<Self> {
        html.split("<form ").skip(1).find_map(|part| {
            let form = part.split("</form>").next().unwrap_or_default();
            let head = form.split('>').next().unwrap_or_default();
            let goes = attribute(head, "action")?;
            goes.ends_with(action).then(|| Self::read(goes, form))
        })
    }

    fn read(action: String, form: &str) -> Self {
        let mut sheet = Self {
            action,
            values: Vec::new(),
            names: Vec::new(),
        };
        for part in form.split('<').skip(1) {
            let (head, text) = part.split_once('>').unwrap_or((part, ""));
            match head.split([' ', '\n']).next().unwrap_or_default() {
                "input" => sheet.input(head),
                "textarea" => sheet.value(head, plain(text)),
                "select" => sheet.name(head),
                "option" if has_flag(head, "selected") => {
                    let value = attribute(head, "value").unwrap_or_default();
                    if let Some(name) = sheet.names.last().cloned() {
                        sheet.values.push((name, value));
                    }
                }
                "button" => sheet.name(head),
                _ => {}
            }
        }
        sheet
    }

    fn input(&mut self, head: &str) {
        let kind = attribute(head, "type").unwrap_or_default();
        let is_choice = matches!(kind.as_str(), "radio" | "checkbox");
        let is_sent = kind != "file" && (!is_choice || has_flag(head, "checked"));
        if is_sent {
            let value = attribute(head, "value").unwrap_or_default();
            self.value(head, value);
        } else {
            self.name(head);
        }
    }

    fn name(&mut self, head: &str) {
        if let Some(name) = attribute(head, "name") {
            self.names.push(name);
        }
    }

    fn value(&mut self, head: &str, value: String) {
        if let Some(name) = attribute(head, "name") {
            self.names.push(name.clone());
            self.values.push((name, value));
        }
    }

    /// The values with those of `answers` that the form has a box for in place of its own.
    #[must_use]
    pub fn filled(&self, answers: &[(&str, &str)]) -> Vec<(String, String)> {
        let known = |name: &str| self.names.iter().any(|own| own == name);
        let given = answers.iter().filter(|(name, _)| known(name));
        let is_given = |name: &str| answers.iter().any(|(given, _)| *given == name);
        self.values
            .iter()
            .filter(|(name, _)| !is_given(name))
            .cloned()
            .chain(given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .collect()
    }
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let at = head.find(&format!("{name}=\""))?;
    let is_whole = head
        .get(..at)
        .is_some_and(|before| before.is_empty() || before.ends_with([' ', '\n']));
    let value = head.get(at + name.len() + 2..)?;
    is_whole.then(|| value.split('"').next().map(plain))?
}

fn has_flag(head: &str, flag: &str) -> bool {
    head.split([' ', '\n'])
        .any(|word| word.trim_end_matches('/') == flag)
}

/// `text` without the escapes that templates write.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&#x2F;", "/")
        .replace("&amp;", "&")
}
