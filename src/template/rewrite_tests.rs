//! Templates and their rewritten form.

use super::*;

fn rewritten(source: &str) -> String {
    template(source, &SyntaxConfig::default(), Backslash::Literal)
}

#[test]
fn steps_become_filters() {
    for (source, expected) in [
        ("no template", "no template"),
        ("{{ a }}", "{{ a }}"),
        ("{{ a.b }}", "{{ (a|__get('b','a.b')) }}"),
        ("{{ a.b.c|f }}", "{{ (a|__get('b','a.b')|__get('c','a.b.c'))|f }}"),
        ("{{ a['b'][0] }}", "{{ (a|__get('b','a.b')|__get(0,'a.b[0]')) }}"),
        ("{{ a[b.c] }}", "{{ (a|__get((b|__get('c','b.c')),'a[b.c]')) }}"),
        ("{{ a.0.1 }}", "{{ (a|__get(0,'a[0]')|__get(1,'a[0][1]')) }}"),
        ("{{ a.b.split(',')[0] }}", "{{ ((a|__get('b','a.b')).split(',')|__get(0,'a.b.split(...)[0]')) }}"),
        ("{{ a.b[1:2] }}", "{{ (((a|__get('b','a.b'))|__whole)[1:2]|__part) }}"),
        ("{{ x | a.b.c(y.z) }}", "{{ x | a.b.c((y|__get('z','y.z'))) }}"),
        ("{{ x is a.b.c('1') }}", "{{ x is a.b.c('1') }}"),
        ("{{ x is not in y.z }}", "{{ x is not in (y|__get('z','y.z')) }}"),
        ("{% set ns.x = a.b %}", "{% set ns.x = (a|__get('b','a.b')) %}"),
        ("{% for a, b in c.d if a.e %}", "{% for a, b in (c|__get('d','c.d')) if (a|__get('e','a.e')) %}"),
        (
            "{% raw %}{{ a.b }}{% endraw %}{{ a.b }}",
            "{% raw %}{{ a.b }}{% endraw %}{{ (a|__get('b','a.b')) }}",
        ),
        ("{# a.b #}", "{# a.b #}"),
        ("{{ {'a': {'b': c.d}} }}", "{{ {'a': {'b': (c|__get('d','c.d'))}} }}"),
        ("{{ 1.5 }}{{ '}}' }}", "{{ 1.5 }}{{ '}}' }}"),
        ("{{- a.b -}} x", "{{- (a|__get('b','a.b')) -}} x"),
    ] {
        assert_eq!(rewritten(source), expected, "{source}");
    }
}

#[test]
fn backslashes_are_those_of_ansible() {
    assert_eq!(rewritten(r"{{ '\.\1' }}"), r"{{ '\\.\\1' }}");
    assert_eq!(rewritten(r"{% if '\.\n' %}"), "{% if '\\\\.\n' %}");
    assert_eq!(rewritten(r#"{{ "it's" }}"#), r"{{ 'it\'s' }}");
}

#[test]
fn what_can_t_be_read_is_left_to_the_engine() {
    for source in ["{{ a.", "{{ a[", "{{ 'x", "{% raw %} {{ a.b", "{{ a.b }", "{# x", "{{ )a.b }}"] {
        rewritten(source);
    }
}
