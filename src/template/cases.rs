//! What templates come to, as ansible-core 2.19 and Jinja 3.1 have it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::place::Place;
use crate::yaml::{Node, Yaml};

pub(super) fn node(value: Yaml) -> Node {
    Node { place: Place::new("vars.yml", 3, 5), value }
}

pub(super) fn text(text: &str) -> Node {
    node(Yaml::Str(text.into()))
}

fn map(pairs: &[(&str, Node)]) -> Node {
    node(Yaml::Map(pairs.iter().map(|(k, v)| (text(k), v.clone())).collect()))
}

fn json(source: &str) -> Value {
    Value::from(minijinja::value::Serde(
        serde_json::from_str::<serde_json::Value>(source).expect("JSON of a test"),
    ))
}

fn scope_of(pairs: Vec<(&str, Var)>) -> Scope {
    Scope::new(vec![Arc::new(pairs.into_iter().map(|(k, v)| (k.to_string(), v)).collect::<HashMap<_, _>>())])
}

pub(super) fn templar() -> Templar {
    Templar::new(RunInputs { now: 1_700_000_000, seed: 7, ..RunInputs::default() })
}

/// A host's variables of all sorts.
pub(super) fn scope() -> Scope {
    scope_of(vec![
        ("name", Var::Template(text("web1"))),
        ("path", Var::Template(text("/srv/{{ name }}"))),
        ("list", Var::Template(node(Yaml::Seq(vec![text("a"), text("{{ name }}"), node(Yaml::Int(3))])))),
        (
            "conf",
            Var::Template(map(&[
                ("port", node(Yaml::Int(22))),
                ("host", text("{{ name }}.example.org")),
                ("broken", text("{{ missing.thing }}")),
                ("deep", map(&[("er", text("{{ path }}/x"))])),
            ])),
        ),
        ("loop_a", Var::Template(text("{{ loop_b }}"))),
        ("loop_b", Var::Template(text("{{ loop_a }}"))),
        ("uses_missing", Var::Template(text("{{ missing }}"))),
        ("wrong", Var::Template(text("{{ name | nofilter }}"))),
        ("evil", Var::Data(Value::from("{{ name }}"))),
        (
            "facts",
            Var::Data(json(
                r#"{"os": "Debian", "evil": "{{ name }}", "mounts": [{"dir": "/"}, {"dir": "/srv"}]}"#,
            )),
        ),
        ("reg", Var::Data(registered())),
        ("all_unknown", Var::Data(unknown("run it"))),
        ("from_reg", Var::Template(text("{{ reg.stdout }}"))),
        ("whole_reg", Var::Template(text("{{ reg }}"))),
        ("yes", Var::Data(Value::from(true))),
        ("none", Var::Data(Value::from(()))),
    ])
}

fn registered() -> Value {
    let inner = Value::from_pairs([("rc", unknown("run it")), ("changed", Value::from(false))]);
    Value::from_pairs([
        ("changed", Value::from(true)),
        ("rc", unknown("run it")),
        ("stdout", unknown("run it")),
        ("results", Value::from(vec![inner, unknown("run it")])),
    ])
}

pub(super) fn rendered(source: &str) -> String {
    match templar().text(source, &scope()) {
        Ok(value) => super::print::repr(&value),
        Err(error) => format!("! {}", error.message()),
    }
}

/// Checks a table of templates and what they come to, `! ` before an error's message.
pub(super) fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(source, expected)| (source, expected, rendered(source)))
        .filter(|(_, expected, got)| *expected != got)
        .map(|(source, expected, got)| format!("{source}\n  expected {expected}\n  got      {got}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn values_keep_their_type_alone_and_are_text_among_text() {
    check(&[
        ("plain", "'plain'"),
        ("{{ 1 }}", "1"),
        ("{{ conf.port }}", "22"),
        ("{{ [1, 'a'] }}", "[1, 'a']"),
        ("{{ (1, 2) }}", "[1, 2]"),
        ("{{ (1, 2) }} ", "'(1, 2) '"),
        ("{{ [1] }}\n", "[1]"),
        ("{{ 'x' }}\n", "'x\\n'"),
        ("{% if true %}{{ [1] }}{% endif %}", "[1]"),
        ("{{ true }} {{ [1, 'a', true, none] }}", "\"True [1, 'a', True, None]\""),
        ("{{ {'a': {'b': 'c'}} }} ", "\"{'a': {'b': 'c'}} \""),
        ("a{{ none }}b", "'ab'"),
        ("{{ none }}", "None"),
        ("{{ 1.0 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ 3 / 3 }}", "'1.0 3 3.5 1.0'"),
        ("{{ '1' }}", "'1'"),
        ("{{ 1 }}{{ 2 }}", "'12'"),
        ("[{{ 1 }}, 2]", "'[1, 2]'"),
        (r"{{ 'a\n\1' }}", r"'a\\n\\1'"),
        (r"x{% set x = 'a\nb' %}{{ x }}", r"'xa\nb'"),
        ("{{ name }}", "'web1'"),
        ("{{ conf.deep }}", "{'er': '/srv/web1/x'}"),
        ("{{ list }}", "['a', 'web1', 3]"),
        ("{{ list[1] }}{{ list[-1] }}{{ list.0 }}", "'web13a'"),
        ("{{ facts.mounts[1]['dir'] }}", "'/srv'"),
        ("{{ vars['name'] }}", "'web1'"),
        ("{{ list[1:] }}", "['web1', 3]"),
    ]);
}

#[test]
fn data_is_never_a_template() {
    check(&[
        ("{{ evil }}", "'{{ name }}'"),
        ("<{{ evil }}>", "'<{{ name }}>'"),
        ("{{ facts.evil }}", "'{{ name }}'"),
    ]);
}

#[test]
fn what_is_undefined_can_be_passed_on_but_not_used() {
    check(&[
        ("{{ missing }}", "! `missing` is undefined"),
        ("x {{ missing }}", "! `missing` is undefined"),
        ("{{ facts.foo.bar }}", "! `facts.foo` is undefined"),
        ("{{ missing.b.c }}", "! `missing` is undefined"),
        ("{{ missing.b.c | default('x') }}", "'x'"),
        ("{{ facts['x'][0].y | d(5) }}", "5"),
        ("{{ none.x | default('x') }}", "'x'"),
        ("{{ '' | default('x', true) }}", "'x'"),
        ("{{ name | default(missing.x.y) }}", "'web1'"),
        ("{{ missing.a is defined }} {{ name is defined }}", "'False True'"),
        ("{{ missing.a.b is undefined }}", "True"),
        ("{{ missing == 'x' }}", "! `missing` is undefined"),
        ("{{ 'x' in missing.y }}", "! `missing` is undefined"),
        ("{% if missing %}{% endif %}", "! `missing` is undefined"),
        ("{% for x in facts.nope %}{% endfor %}", "! `facts.nope` is undefined"),
        ("{{ missing.split() }}", "! `missing` is undefined"),
        ("{{ facts.nope.split(',') }}", "! `facts.nope` is undefined"),
        ("{{ missing ~ 'x' }}", "! `missing` is undefined"),
        ("{{ missing + 1 }}", "! `missing` is undefined"),
        ("{{ missing | int }}", "! `missing` is undefined"),
        ("{{ [missing] }}", "! `missing` is undefined"),
        ("{{ true or missing }}", "True"),
        ("{{ 'a' if true else missing }}", "'a'"),
        ("{{ missing | mandatory }}", "! `missing` is undefined"),
        ("{{ missing | mandatory('set it') }}", "! set it"),
        ("{{ uses_missing | default('x') }}", "'x'"),
        ("{{ uses_missing }}", "! `missing` is undefined"),
        ("{{ conf.host }}", "'web1.example.org'"),
        ("{{ conf.broken }}", "! `missing` is undefined"),
        ("{{ conf.broken | default('y') }}", "'y'"),
        ("{{ conf.broken is defined }}", "False"),
        ("{{ conf }}", "! `missing` is undefined"),
        ("{{ wrong | default('x') }}", "! there is no filter `nofilter`"),
        ("{{ 'a' if false }}", "! an undefined value is used"),
        ("[{{ 'a' if false }}]", "'[]'"),
        ("[{{ 'a' if true }}]", "'[a]'"),
        ("{{ ('a' if false) | default('b') }}", "'b'"),
        ("{{ ('a' if false) is defined }}", "False"),
        ("{{ missing if false }}x", "'x'"),
        ("{{ missing if true }}x", "! `missing` is undefined"),
        ("[{{ missing }}]", "! `missing` is undefined"),
        ("[{{ conf.nothing }}]", "! `conf.nothing` is undefined"),
        ("{% for x in [1, 2] %}{{ x }}{{ ',' if not loop.last }}{% endfor %}", "'1,2'"),
        ("{% set a = 'x' if false %}[{{ a }}]", "'[]'"),
        ("x{{ ('a' if false) ~ 'b' }}", "'xb'"),
    ]);
}

#[test]
fn the_nearest_name_is_the_hint() {
    let hint = |source: &str| templar().text(source, &scope()).err().and_then(|e| e.hint().map(String::from));
    assert_eq!(hint("{{ nmae }}").as_deref(), Some("did you mean `name`?"));
    assert_eq!(hint("{{ facts.mouts }}").as_deref(), Some("did you mean `facts.mounts`?"));
    assert_eq!(hint("{{ name | defualt('x') }}").as_deref(), Some("did you mean `default`?"));
}

#[test]
fn variables_that_lead_back_to_themselves_are_named() {
    check(&[
        ("{{ loop_a }}", "! variables lead back to themselves: `loop_a` -> `loop_b` -> `loop_a`"),
        (
            "{{ loop_a | default('x') }}",
            "! variables lead back to themselves: `loop_a` -> `loop_b` -> `loop_a`",
        ),
    ]);
}

#[test]
fn long_chains_of_variables_end_in_an_error_not_a_crash() {
    let name = |i: usize| format!("v{i}");
    let vars: HashMap<String, Var> =
        (0..500).map(|i| (name(i), Var::Template(text(&format!("{{{{ v{} }}}}", i + 1))))).collect();
    let error = templar().text("{{ v0 }}", &Scope::new(vec![Arc::new(vars)])).expect_err("too long");
    assert!(error.message().contains("more than"), "{error}");
}

#[test]
fn nothing_unknown_is_ever_rendered() {
    let unknown = "! not known until `run it` is done";
    check(&[
        ("{{ reg is defined }}", "True"),
        ("{{ reg.changed }}", "True"),
        ("{{ false and reg.rc }}", "False"),
        ("{{ reg.rc if false else 'x' }}", "'x'"),
        ("{{ reg.results | length }}", "2"),
        ("{{ whole_reg.changed }}", "True"),
        // Of another length: not equal, whatever the unknown parts are.
        ("{{ reg == {} }}", "False"),
    ]);
    for source in [
        "{{ reg }}",
        "{{ reg.rc }}",
        "{{ reg.rc == 0 }}",
        "{{ reg.stdout | default('x') }}",
        "{{ reg['stdout'] ~ 'x' }}",
        "{% if reg.rc %}a{% else %}b{% endif %}",
        "{{ reg.rc is defined }}",
        "{{ reg.rc in [1, 2] }}",
        "{{ reg ~ '' }}",
        "{{ reg == {'changed': true, 'rc': 0, 'stdout': '', 'results': []} }}",
        "{{ [reg.rc] | length }}",
        "{{ [reg.results[0], 1] == reg.results }}",
        "{{ reg.results | map(attribute='rc') | list }}",
        "{{ reg.results | selectattr('rc', 'equalto', 0) | list }}",
        "{{ reg.results | map('default', 'x') | list }}",
        "{% for r in reg.results %}{{ r.changed }}{% endfor %}",
        "{% for k, v in reg.items() %}{{ k }}{% endfor %}",
        "{{ reg.stdout.split() }}",
        "{{ reg.get('stdout') }}",
        "{{ reg.results[0].rc }}",
        "{{ reg.results[1].x }}",
        "{{ reg.results[1].x is defined }}",
        "{{ all_unknown }}",
        "{{ all_unknown is defined }}",
        "{{ not all_unknown }}",
        "{{ all_unknown.a.b | default('x') }}",
        "{{ from_reg }}",
        "{{ from_reg | default('x') }}",
        "{{ whole_reg }}",
        "{{ whole_reg.rc }}",
        "{{ name if reg.rc else name }}",
        "{{ name | default(reg.stdout) }}",
        "{% set x = reg.stdout %}done",
        "{{ reg.values() | list }}",
        "{{ reg | string }}",
        "{{ vars.from_reg }}",
        "{{ {'a': reg.rc}.a }}",
        "{{ [reg] | string }}",
    ] {
        assert_eq!(rendered(source), unknown, "{source}");
    }
}

#[test]
fn conditions() {
    let (templar, scope) = (templar(), scope());
    let holds = |condition: Yaml| match templar.condition(&node(condition), &scope) {
        Ok(truth) => truth.to_string(),
        Err(error) => format!("! {}", error.message()),
    };
    for (source, expected) in [
        ("name == 'web1'", "true"),
        ("not yes", "false"),
        ("name is defined and missing is not defined", "true"),
        ("missing", "! `missing` is undefined"),
        ("missing.a | default(false)", "false"),
        ("list", "true"),
        ("none", "false"),
        ("", "true"),
        ("{{ yes }}", "true"),
        ("{{ 'False' }}", "false"),
        ("{{ name }} == 'web1'", "! a condition holds a template: {{ name }} == 'web1'"),
        ("reg.rc == 0", "! not known until `run it` is done"),
        ("false and reg.rc == 0", "false"),
        ("reg.changed or reg.rc == 0", "true"),
        (r"'a.b' == 'a\x2eb'", "true"),
        ("reg", "true"),
        ("name ==", "! the template can't be read: unexpected end of variable block"),
    ] {
        assert_eq!(holds(Yaml::Str(source.into())), expected, "{source}");
    }
    assert_eq!(holds(Yaml::Bool(false)), "false");
    assert_eq!(holds(Yaml::Seq(vec![text("yes"), node(Yaml::Bool(false)), text("missing")])), "false");
    assert_eq!(holds(Yaml::Seq(vec![text("yes"), text("name")])), "true");
}

#[test]
fn errors_know_their_place() {
    let error = templar().node(&text("{{ conf.broken }}"), &scope()).expect_err("undefined");
    assert_eq!(error.to_string(), "vars.yml:3:5: `missing` is undefined");
    let source = "#jinja2: lstrip_blocks: True\nport {{ conf.port }}\nx {{ nmae }}\n";
    let error = templar().file(Path::new("a/b.j2"), source, &scope(), &[]).expect_err("undefined");
    assert_eq!(error.to_string(), "a/b.j2:3:6: `nmae` is undefined\n  hint: did you mean `name`?");
    let error = templar().file(Path::new("b.j2"), "a\n{% if %}\n", &scope(), &[]).expect_err("syntax");
    assert_eq!(error.place().map(|p| (p.line, p.column)), Some((2, 1)));
    for (source, expected) in [
        ("å {{ name }} {{ name | nosuch }}\n", (1, 24)),
        ("a\nb {{ conf.nope }}\n", (2, 6)),
        ("a\nb {{ conf['nope'] }}\n", (2, 6)),
        ("nope {% if name == 'nopes' or nope %}{% endif %}\n", (1, 31)),
    ] {
        let error = templar().file(Path::new("b.j2"), source, &scope(), &[]).expect_err("wrong");
        assert_eq!(error.place().map(|p| (p.line, p.column)), Some(expected), "{source}{error}");
    }
}

#[test]
fn errors_of_an_included_template_know_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("part.j2"), "a\nb {{ nmae }}\n").expect("written");
    let search = [folder.path().to_path_buf()];
    let source = "{% include 'part.j2' %}\n";
    let error = templar().file(Path::new("b.j2"), source, &scope(), &search).expect_err("undefined");
    assert_eq!(error.place().map(ToString::to_string).as_deref(), Some("part.j2:2:6"), "{error}");
}

#[test]
fn template_files_are_read_as_ansible_reads_them() {
    let file = |source: &str| templar().file(Path::new("x.j2"), source, &scope(), &[]);
    for (source, expected) in [
        ("a\n", "a\n"),
        ("{% if true %}\nx\n{% endif %}\ny\n", "x\ny\n"),
        ("  {% if true %}\nx\n  {% endif %}\n", "  x\n  "),
        ("#jinja2: lstrip_blocks: True\n  {% if true %}\nx\n  {% endif %}\n", "x\n"),
        ("#jinja2: trim_blocks: False\n{% if true %}\nx{% endif %}\n", "\nx\n"),
        (
            "#jinja2:variable_start_string:'[%', variable_end_string:'%]'\n[% conf.port %] {{ x }}",
            "22 {{ x }}",
        ),
        (r"{{ 'a\tb' }}", "a\tb"),
        ("{{ none }}|{{ true }}|{{ list }}", "|True|['a', 'web1', 3]"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{{ m(conf.port) }}", "<1><22>"),
        (
            "{% set ns = namespace(n=0) %}{% for x in [1,2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}",
            "3",
        ),
        ("{% for k, v in {'a': 1}.items() %}{{ loop.index }}{{ k }}{{ v }}{% endfor %}", "1a1"),
    ] {
        assert_eq!(file(source).as_deref(), Ok(expected), "{source}");
    }
    let error = file("#jinja2: newline_sequence: x\n").expect_err("not supported");
    assert!(error.message().contains("newline_sequence"), "{error}");
}

#[test]
fn files_include_others_from_the_folders_given() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.j2"), "<{{ name }}{{ conf.port }}>").expect("written");
    std::fs::write(folder.path().join("m.j2"), "{% macro m(x) %}[{{ x }}]{% endmacro %}").expect("written");
    let search = [folder.path().to_path_buf()];
    let file = |source: &str| templar().file(Path::new("x.j2"), source, &scope(), &search);
    assert_eq!(file("a{% include 'in.j2' %}").as_deref(), Ok("a<web122>"));
    assert_eq!(file("{% import 'm.j2' as m %}{{ m.m(3) }}").as_deref(), Ok("[3]"));
    assert!(file("{% include 'no.j2' %}").is_err());
}

#[test]
fn nodes_are_rendered_whole() {
    let task = map(&[("path", text("{{ path }}")), ("mode", text("{{ missing | default(omit) }}"))]);
    let value = templar().node(&task, &scope()).expect("rendered");
    assert_eq!(value.get_attr("path").expect("a path"), Value::from("/srv/web1"));
    assert!(is_omit(&value.get_attr("mode").expect("omitted")));
}
