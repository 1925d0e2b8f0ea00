//! Cases that need more than one expression, and what must hold for any text.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::cases::{check, rendered, scope, templar, text};
use super::*;
use crate::yaml::{Node, Yaml};

#[test]
fn lists_and_maps_of_a_template_can_be_changed() {
    check(&[
        ("{% set l = [] %}{% set _ = l.append('a') %}{% set _ = l.extend([1, 2]) %}{{ l }}", "['a', 1, 2]"),
        ("{% set l = [1] %}{% for x in [2, 3] %}{% set _ = l.append(x) %}{% endfor %}{{ l | sum }}", "6"),
        ("{% set m = {'a': 1} %}{% set _ = m.update({'b': 2}) %}{{ m }}", "{'a': 1, 'b': 2}"),
        ("{% set m = {} %}{% set _ = m.update(x=1) %}{{ m.x }}{{ m.items() | list }}", "\"1[('x', 1)]\""),
        ("{% set l = [3, 1] %}{% set _ = l.sort() %}{{ l.pop() }}{{ l }}", "'3[1]'"),
        ("{% set l = [[1]] %}{% set _ = l[0].append(2) %}{{ l[0][1] }}", "2"),
        ("{% set l = [] %}{% set _ = l.extend(l) %}{{ l }}", "[]"),
        ("{{ list.append(1) }}", "! `.append()` only works on a list that the template itself wrote down"),
    ]);
}

#[test]
fn the_run_decides_time_and_chance() {
    check(&[
        ("{{ now(utc=true).strftime('%Y-%m-%d %H:%M') }}", "'2023-11-14 22:13'"),
        ("{{ now(fmt='%Y') }}", "'2023'"),
        ("{{ '%H' | strftime(0) }}", "'00'"),
    ]);
    let twice = "{{ [1, 2, 3, 4, 5, 6, 7, 8, 9] | shuffle }}";
    assert_eq!(rendered(twice), rendered(twice));
    let other = Templar::new(RunInputs { seed: 8, ..RunInputs::default() });
    let other = other.text(twice, &scope()).expect("shuffled");
    assert_ne!(other.to_string(), rendered(twice));
}

#[test]
fn lookups_ask_the_controller() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("files")).expect("made");
    std::fs::write(folder.path().join("files/motd"), "hello\n").expect("written");
    std::fs::write(folder.path().join("x.j2"), "<{{ name }}>").expect("written");
    let search: Vec<PathBuf> = vec![folder.path().to_path_buf()];
    let templar = Templar::new(RunInputs { search, ..RunInputs::default() });
    let shown = |source: &str| match templar.text(source, &scope()) {
        Ok(value) => value.to_string().replace(&folder.path().display().to_string(), "DIR"),
        Err(error) => format!("! {}", error.message()),
    };
    for (source, expected) in [
        ("{{ lookup('file', 'motd') }}", "hello"),
        ("{{ lookup('ansible.builtin.file', 'motd', rstrip=false) }}", "hello\n"),
        ("{{ lookup('template', 'x.j2') }}", "<web1>"),
        ("{{ lookup('first_found', ['no', 'motd']) }}", "DIR/files/motd"),
        ("{{ lookup('first_found', {'files': ['no', 'x.j2'], 'paths': ['.']}) }}", "DIR/./x.j2"),
        ("{{ lookup('first_found', ['no'], skip=true) }}", ""),
        ("{{ q('first_found', ['no'], skip=true) }}", "[]"),
        ("{{ lookup('first_found', ['no', 'nor']) }}", "! none of these files exists: no, nor"),
        ("{{ q('fileglob', 'm*') }}", "['DIR/files/motd']"),
        ("{{ lookup('vars', 'na' ~ 'me') }}", "web1"),
        ("{{ lookup('vars', 'nope', default='d') }}", "d"),
        ("{{ lookup('vars', 'nope') }}", "! `nope` is undefined"),
        ("{{ q('varnames', '^loop_') }}", "['loop_a', 'loop_b']"),
        ("{{ lookup('env', 'HARDA_NO_SUCH_VARIABLE') }}", ""),
        ("{{ lookup('pipe', 'date') }}", "! lookup `pipe` is not supported"),
        ("{{ 'x' | password_hash('sha512') }}", "! the filter `password_hash` is not supported"),
        ("{{ lookup('vars', 'from_reg') }}", "! not known until `run it` is done"),
    ] {
        assert_eq!(shown(source), expected, "{source}");
    }
}

#[test]
fn addresses() {
    check(&[
        ("{{ '10.0.0.1/24' | ipaddr('network') }}", "'10.0.0.0'"),
        ("{{ '10.0.0.1/24' | ipaddr('netmask') }}", "'255.255.255.0'"),
        ("{{ '10.0.0.1/24' | ipaddr('subnet') }}", "'10.0.0.0/24'"),
        ("{{ '10.0.0.1/24' | ipaddr('address') }}", "'10.0.0.1'"),
        ("{{ '10.0.0.0/24' | ipaddr('1') }}", "'10.0.0.1/24'"),
        ("{{ '10.0.0.0/24' | ipaddr('-2') }}", "'10.0.0.254/24'"),
        ("{{ '10.0.0.1/255.255.0.0' | ipaddr('prefix') }}", "16"),
        ("{{ 'x' | ipaddr }}", "False"),
        ("{{ ['10.0.0.1', 'x', '::1'] | ipv4 }}", "['10.0.0.1']"),
        ("{{ ['10.0.0.1', 'x', '::1'] | ansible.utils.ipv6 }}", "['::1']"),
        ("{{ '::1' | ipwrap }}:22", "'[::1]:22'"),
        ("{{ '::/0' | ipaddr('netmask') }}", "'::'"),
    ]);
}

#[test]
fn arguments_are_checked() {
    check(&[
        ("{{ 'x' | upper(1) }}", "! `upper` takes at most 1 arguments"),
        ("{{ 'x' | join(x=1) }}", "! `join` has no argument `x`"),
        ("{{ 'x' | replace('x') }}", "! `replace` needs `new`"),
        ("{{ 1 | join }}", "! `join` wants a list, not int: 1"),
        ("{{ 'x' is changed }}", "! `changed` tests the result of a task, not str"),
        ("{{ [1, 'a'] | sort }}", "! `sort` can't compare 1 with a"),
        ("{{ 'x' is nosuch }}", "! there is no test `nosuch`"),
        ("{{ nosuch() }}", "! there is no function `nosuch`"),
        ("{{ [missing] | join }}", "! `missing` is undefined"),
        ("{{ facts.mounts | map(attribute='nope') | join }}", "! `nope` is undefined"),
        ("{{ [] | first }}", "! `the first element of an empty list` is undefined"),
    ]);
}

#[test]
fn other_hosts_variables_are_rendered_for_them() {
    let templar = templar();
    let hosts =
        Value::from_pairs([("h2", templar.variables(&scope().with("name", Var::Data("web2".into()))))]);
    let scope = scope().with("hostvars", Var::Data(hosts));
    let text =
        templar.text("{{ name }} {{ hostvars['h2'].path }} {{ hostvars.h2.nope | default('-') }}", &scope);
    assert_eq!(text.expect("rendered"), Value::from("web1 /srv/web2 -"));
}

#[test]
fn a_template_is_compiled_once_and_rendered_for_many() {
    let templar = templar();
    for host in ["a", "b"] {
        let scope = scope().with("name", Var::Data(host.into()));
        assert_eq!(
            templar.text("{{ path }}", &scope).expect("rendered"),
            Value::from(format!("/srv/{host}"))
        );
        let file = templar.file(Path::new("x.j2"), "{{ conf.host }}\n", &scope, &[]);
        assert_eq!(file.expect("rendered"), format!("{host}.example.org\n"));
    }
}

/// Host threads have small stacks.
#[test]
fn neither_deep_templates_nor_long_chains_need_a_large_stack() {
    let run = || {
        for source in ["(", "[", "{{ a[", "{% if (", "{{ (a.b", "{{ [", "{{ -", "{{ not "] {
            let _ = templar().text(&format!("{{{{ {}", source.repeat(20_000)), &scope());
            let _ = templar().text(&format!("{{{{ {} }}}}", source.repeat(140)), &scope());
        }
        let var = |i: usize| Node {
            place: crate::place::Place::new("x", 1, 1),
            value: Yaml::Map(vec![(
                text("k"),
                text(&format!("{{{{ [v{}.k] | map('first') | list }}}}", i + 1)),
            )]),
        };
        let vars = (0..100).map(|i| (format!("v{i}"), Var::Template(var(i)))).collect();
        let error = templar().text("{{ v0.k }}", &Scope::new(vec![std::sync::Arc::new(vars)]));
        assert!(error.is_err_and(|e| e.message().contains("more than")));
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread");
    thread.join().expect("no overflow");
}

proptest! {
    /// Whatever is written in a template, the worst that comes of it is an error.
    #[test]
    fn no_template_panics(source in r"([{}%#\[\]().|'\\ ,:=~+*/-]|[a-c]|\.[a-c]|\{\{|\}\}|\{%|%\}| is | in | if |name|reg|facts|set |for |default|[0-9é]){0,30}") {
        let _ = templar().text(&source, &scope());
        let _ = templar().file(Path::new("x.j2"), &source, &scope(), &[]);
    }

    #[test]
    fn no_expression_panics(source in r"(facts|name|list|reg|missing|conf)(\.[a-z]{1,3}|\[-?[0-9]{1,2}\]|\[:-?[0-9]\]|\|(first|last|int|sort|join|map\('upper'\)|batch\(2\)|indent|comment|to_json|to_yaml|random|flatten|unique|list|string|bool|length|dict2items|ipaddr|quote|splitext|title)|\.split\(\)| ~ name){0,5}") {
        let rendered = rendered(&format!("{{{{ {source} }}}}"));
        prop_assert!(!rendered.contains("unknown until") && !rendered.contains("invalid value"), "{}", rendered);
    }

    /// A text without template marks is given back as it is.
    #[test]
    fn plain_text_stays(source in r"[^{]{0,40}") {
        prop_assert_eq!(templar().text(&source, &scope()).expect("plain"), Value::from(source));
    }

    /// A pattern of any sort compiles or is refused.
    #[test]
    fn no_pattern_panics(pattern in r".{0,20}", text in r".{0,20}") {
        if let Ok(regex) = regex::compile(&pattern, regex::Flags::default()) {
            let _ = regex::replace(&regex, &text, r"\1", 0);
        }
    }
}
