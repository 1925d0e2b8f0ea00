//! What becomes of secrets in templates: what a filter, a function or a method makes of one is one
//! too, whatever it is called by and wherever it goes from there.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::frame;
use super::lazy::{LazyMap, LazySeq, Slot, Tuples, settle};
use super::scope::Root;
use crate::secrets::{Secrets, Shape};

/// Notes the value of a variable that is declared to be a secret, or to hold some.
pub fn note_declared(secrets: &Secrets, name: &str, value: &Value) {
    // What can't be rendered yet shows nowhere yet.
    if let Some(shape) = secrets.declared(name)
        && let Ok(value) = settle(value, Tuples::ToLists)
    {
        note_parts(secrets, &shape, &value);
    }
}

fn note_parts(secrets: &Secrets, shape: &Shape, value: &Value) {
    if value.kind() == ValueKind::Seq {
        return value.try_iter().into_iter().flatten().for_each(|item| note_parts(secrets, shape, &item));
    }
    if shape.whole {
        match value.kind() {
            ValueKind::Number => secrets.add(&value.to_string()),
            _ => texts(value).iter().for_each(|text| secrets.add(text)),
        }
    }
    for (key, shape) in &shape.keys {
        value.get_attr(key).iter().for_each(|part| note_parts(secrets, shape, part));
    }
}

/// Notes what was made of secrets among the arguments of a call.
pub(super) fn note(given: &[&Value], made: &Value) {
    let Some(secrets) = secrets() else { return };
    let mut from = Vec::new();
    for value in given {
        let texts = texts(value);
        // A text that was taken apart: `pw | list | join('-')`.
        if texts.len() > 1 && value.kind() != ValueKind::Map {
            from.push(texts.concat());
        }
        from.extend(texts);
    }
    secrets.derive(&from, &texts(made));
}

/// The secrets of the run whose template is being rendered, if it has any.
fn secrets() -> Option<Secrets> {
    frame::current(|frame| frame.root.core.inputs.secrets.clone()).filter(|secrets| !secrets.is_empty())
}

/// The texts in a value, as far as they are known: looking must neither render a variable nor use
/// up an iterator.
fn texts(value: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    collect(value, &mut texts);
    texts
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    let slots = |slots: &mut dyn Iterator<Item = &Slot>, texts: &mut Vec<String>| {
        slots.filter_map(Slot::peek).for_each(|value| collect(&value, texts));
    };
    if let Some(map) = value.downcast_object_ref::<LazyMap>() {
        return slots(&mut map.slots(), texts);
    }
    if let Some(list) = value.downcast_object_ref::<LazySeq>() {
        return slots(&mut list.slots(), texts);
    }
    match value.kind() {
        ValueKind::String => texts.extend(value.as_str().map(String::from)),
        ValueKind::Seq => value.try_iter().into_iter().flatten().for_each(|item| collect(&item, texts)),
        ValueKind::Map if value.downcast_object_ref::<Root>().is_none() => {
            let pairs = value.as_object().and_then(|object| object.try_iter_pairs());
            pairs.into_iter().flatten().for_each(|(_, item)| collect(&item, texts));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{RunInputs, Scope, Templar, Var};
    use std::collections::HashMap;
    use std::sync::Arc;

    /// What is masked of `text` once the template was rendered.
    fn masked(template: &str, text: &str) -> String {
        let secrets = Secrets::default();
        secrets.add("hunter22+deep");
        secrets.hide("said by a task: xyz-0815");
        let templar = Templar::new(RunInputs { secrets: secrets.clone(), ..RunInputs::default() });
        let user = [("name", "everybody"), ("password", "hunter22+deep")];
        let vars = HashMap::from([
            ("pw".to_string(), Var::Data(Value::from("hunter22+deep"))),
            ("user".to_string(), Var::Data(Value::from_pairs(user))),
            ("said".to_string(), Var::Data(Value::from("said by a task: xyz-0815"))),
        ]);
        templar.text(template, &Scope::new(vec![Arc::new(vars)])).expect("rendered");
        let mut text = text.to_string();
        secrets.mask(&mut text);
        text
    }

    #[test]
    fn what_is_made_of_a_secret_is_one() {
        let made = [
            ("{{ pw | hash('sha256') }}", "1d08c4218e8d7100300b913de0f7723149d41b570fb2d2d56365eeb2abb3c092"),
            ("{{ pw | regex_replace('hunter', 'gatherer') }}", "gatherer22+deep"),
            ("{{ pw.replace('2', '-two-') }}", "hunter-two--two-+deep"),
            ("{% set x = pw ~ '' %}{{ x[3:12] }}", "ter22+dee"),
            ("{{ pw[2:11] }}", "nter22+de"),
            ("{{ [user.password] | map('regex_replace', '[0-9]', '') | list }}", "hunter+deep"),
            ("{{ (pw | regex_replace('2', '3')) | reverse }}", "peed+33retnuh"),
            ("{{ pw | list | join('-') }}", "h-u-n-t-e-r-2-2-+-d-e-e-p"),
            ("{{ pw | list | reverse | join('.') }}", "p.e.e.d.+.2.2.r.e.t.n.u.h"),
            ("{{ '_'.join(pw | list) }}", "h_u_n_t_e_r_2_2_+_d_e_e_p"),
            ("{{ (pw ~ pw)[::2] }}", "hne2+eputr2de"),
            ("{{ pw[-10:(pw[1:] | length)] }}", "ter22+dee"),
        ];
        for (template, text) in made {
            assert_eq!(masked(template, text), "********", "{template}");
        }
    }

    #[test]
    fn what_is_made_of_what_a_task_said_is_hidden() {
        for (template, text) in [
            ("{{ said[16:] }}", "xyz-0815"),
            (
                "{{ said | hash('sha256') }}",
                "f301507a8820d264422988e8404b9dc476b6609ae2f5c544de0a50f7f9ae0088",
            ),
            ("{{ said.split(': ') }}", "xyz-0815"),
        ] {
            assert_eq!(masked(template, text), "********", "{template}");
        }
        let path = "/srv/said by a task: xyz-0815/a/long/path/to/some/file";
        assert_eq!(masked(&format!("{{{{ '{path}' | basename }}}}"), "some/file"), "some/file");
    }

    #[test]
    fn what_stood_beside_a_secret_is_none() {
        let beside = [
            ("{{ (pw == 'x') | ternary('enabled-here', 'disabled-here') }}", "disabled-here"),
            ("{{ [user] | map(attribute='name') | list }}", "everybody"),
            ("{{ user | dict2items }}", "everybody"),
            ("{{ pw | default('something else') }}", "something else"),
            ("{{ 'everybody'[1:] }}{{ pw | length }}", "verybody"),
            ("{{ [pw, 'something else'][1:] | join }}", "something else"),
        ];
        for (template, text) in beside {
            assert_eq!(masked(template, text), text, "{template}");
        }
    }
}
