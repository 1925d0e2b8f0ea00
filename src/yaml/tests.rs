use super::*;
use proptest::prelude::*;

fn read_text(text: &str) -> Result<Option<Node>, InputError> {
    parse(Path::new("x.yml"), text)
}

fn value(text: &str) -> Yaml {
    read_text(text).expect(text).expect("not empty").value
}

fn told(text: &str) -> String {
    read_text(text).expect_err(text).to_string()
}

/// A node without its places, to compare.
fn bare(node: &Node) -> String {
    match &node.value {
        Yaml::Seq(items) => format!("[{}]", items.iter().map(bare).collect::<Vec<_>>().join(", ")),
        Yaml::Map(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{}: {}", bare(k), bare(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn plain_scalars_are_resolved_as_pyyaml_does() {
    let text = |s: &str| Yaml::Str(s.into());
    let cases = [
        ("yes", Yaml::Bool(true)),
        ("No", Yaml::Bool(false)),
        ("ON", Yaml::Bool(true)),
        ("off", Yaml::Bool(false)),
        ("y", text("y")),
        ("tRue", text("tRue")),
        ("0644", Yaml::Int(0o644)),
        ("0", Yaml::Int(0)),
        ("-07", Yaml::Int(-7)),
        ("08", text("08")),
        ("0o17", text("0o17")),
        ("0x1F", Yaml::Int(31)),
        ("0b101", Yaml::Int(5)),
        ("1_000", Yaml::Int(1000)),
        ("+5", Yaml::Int(5)),
        ("22:22", text("22:22")),
        ("2026-11-24", text("2026-11-24")),
        ("1.5", Yaml::Float(1.5)),
        ("1.", Yaml::Float(1.0)),
        (".5", Yaml::Float(0.5)),
        ("-1.5e+3", Yaml::Float(-1500.0)),
        ("1e5", text("1e5")),
        ("1.5e3", text("1.5e3")),
        ("1.2.3", text("1.2.3")),
        ("-.inf", Yaml::Float(f64::NEG_INFINITY)),
        ("99999999999999999999", text("99999999999999999999")),
        ("'0644'", text("0644")),
        ("\"yes\"", text("yes")),
        ("!!str 12", text("12")),
        ("!!float 12", Yaml::Float(12.0)),
        ("!unsafe '{{ x }}'", Yaml::Unsafe("{{ x }}".into())),
        ("|\n  a\n  b\n", text("a\nb\n")),
        (">-\n  a\n  b\n", text("a b")),
    ];
    for (source, wanted) in cases {
        assert_eq!(value(&format!("- {source}")).clone(), {
            let Yaml::Seq(items) = value(&format!("- {source}")) else { panic!("a list") };
            assert_eq!(items[0].value, wanted, "{source}");
            Yaml::Seq(items)
        });
    }
    for source in ["", "# only a comment\n", "---\n", "~", "null"] {
        assert_eq!(read_text(source), Ok(None), "{source:?}");
    }
}

#[test]
fn nodes_know_their_places() {
    let node =
        read_text("- name: x\n  file:\n    path: /a\r\n  tags: [a, b]\n").expect("good").expect("a list");
    let task = &node.as_seq().expect("a list")[0];
    let at = |node: &Node| (node.place.line, node.place.column);
    assert_eq!(at(task), (1, 3));
    assert_eq!(at(&task.as_map().expect("a mapping")[1].0), (2, 3));
    assert_eq!(at(task.get("file").and_then(|f| f.get("path")).expect("path")), (3, 11));
    assert_eq!(at(&task.get("tags").and_then(Node::as_seq).expect("tags")[1]), (4, 13));
}

#[test]
fn merge_keys_give_way_to_what_is_written() {
    let text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, y: 9}\ntwo:\n  <<: [*m, *b]\n  w: 5\n\"q\": {\"<<\": 1}\n";
    let node = read_text(text).expect("good").expect("a mapping");
    let shown = |key: &str| bare(node.get(key).expect(key));
    assert_eq!(shown("one"), r#"{Str("x"): Int(1), Str("y"): Int(9)}"#);
    assert_eq!(shown("two"), r#"{Str("y"): Int(3), Str("z"): Int(4), Str("x"): Int(1), Str("w"): Int(5)}"#);
    assert_eq!(shown("q"), r#"{Str("<<"): Int(1)}"#);
}

#[test]
fn a_key_twice_is_refused_with_both_places() {
    assert_eq!(
        told("a: 1\nb: 2\na: 3\n"),
        "x.yml:3:1: the key `a` is here for the second time, first at x.yml:1:1"
    );
}

#[test]
fn bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let of = format!("*a{}", n - 1);
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![of; 10].join(", ")));
    }
    assert!(told(&bomb).contains("unfold to more than 16 MiB"), "{}", told(&bomb));
    assert!(told(&"- ".repeat(300)).contains("more than 96 levels deep"));
    assert!(read_text(&"[".repeat(5000)).is_err());
    assert!(told("a: &a [*a]\n").contains("inside the value that it repeats"), "{}", told("a: &a [*a]\n"));
}

#[test]
fn classic_slips_are_told_in_plain_words() {
    let cases = [
        ("a:\n\tb: 1\n", "x.yml:2:1: a tab stands in the indentation\n  hint: indent with blanks"),
        (
            "a: {{ b }}\n",
            "x.yml:1:4: a value that begins with `{{` must be quoted\n  hint: put quotes around the whole value: \"{{ name }}\"",
        ),
        (
            "a: {{ b }}/c\n",
            "x.yml:1:4: a value that begins with `{{` must be quoted\n  hint: put quotes around the whole value: \"{{ name }}\"",
        ),
        (
            "a: b: c\n",
            "x.yml:1:5: a `:` followed by a blank stands inside a value here\n  hint: put quotes around a value that holds `: `, and check the indentation",
        ),
        ("a: !vault |\n  $ANSIBLE_VAULT;1.1\n", "x.yml:1:4: vault values are not read yet"),
        (
            "a: !foo x\n",
            "x.yml:1:4: the tag `!foo` has no meaning here\n  hint: a value that begins with `!` must be quoted",
        ),
        ("a: *b\n", "x.yml:1:4: this alias names no anchor"),
        (
            "a: 1\n---\nb: 2\n",
            "x.yml:2:1: a second document begins here; a file holds only one\n  hint: put it into a file of its own, or remove the `---`",
        ),
        (
            "$ANSIBLE_VAULT;1.1;AES256\n3234\n",
            "x.yml:1:1: this file is encrypted with Ansible Vault; vaults are not read yet",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(told(text), wanted, "{text}");
    }
    assert!(told("a: 1\nname:x\nb: 2\n").contains("hint: a blank is missing after the `:` of `name`"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[ \\t\\n:\\-\\[\\]{}&*!|>'\"%@a-c<0-9#,?~]{0,80}|\\PC{0,60}") {
        let _ = read_text(&text);
    }
}
