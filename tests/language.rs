//! Playbooks as people write them, and the messages for what they get wrong.

use harda::playbook::model::{Act, Item, LoopKind, Playbook, Task};
use harda::playbook::{ModuleNames, load, load_tasks};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

struct Modules;

impl ModuleNames for Modules {
    fn is_module(&self, name: &str) -> bool {
        self.names().contains(&name)
    }

    fn names(&self) -> Vec<&str> {
        vec!["file", "copy", "template", "service", "command", "shell", "debug", "set_fact", "include_vars"]
    }

    fn parameters(&self, name: &str) -> Option<Vec<&str>> {
        match name {
            "file" => Some(vec!["path", "dest", "state", "mode", "owner"]),
            "service" => Some(vec!["name", "state", "enabled"]),
            "command" | "shell" => Some(vec!["cmd", "creates", "chdir", "argv"]),
            "debug" => Some(vec!["msg", "var"]),
            "include_vars" => Some(vec!["file", "name"]),
            _ => None,
        }
    }

    fn free_form(&self, name: &str) -> Option<&str> {
        match name {
            "command" | "shell" => Some("cmd"),
            "include_vars" => Some("file"),
            _ => None,
        }
    }
}

/// A folder with these files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn read(files: &[(&str, &str)]) -> (TempDir, Result<Playbook, Vec<String>>) {
    let folder = folder(files);
    let cut = format!("{}/", folder.path().display());
    let loaded = load(&folder.path().join("site.yml"), &Modules);
    let told = loaded.map_err(|errors| errors.iter().map(|e| e.to_string().replace(&cut, "")).collect());
    (folder, told)
}

fn good(files: &[(&str, &str)]) -> Playbook {
    let (_folder, loaded) = read(files);
    loaded.expect("a good playbook")
}

fn told(files: &[(&str, &str)]) -> Vec<String> {
    let (_folder, loaded) = read(files);
    loaded.expect_err("mistakes")
}

/// The mistakes of one task list.
fn told_tasks(tasks: &str) -> Vec<String> {
    let indented: String = tasks.lines().map(|line| format!("    {line}\n")).collect();
    told(&[("site.yml", &format!("- hosts: all\n  tasks:\n{indented}"))])
}

fn tasks(items: &[Item]) -> Vec<Arc<Task>> {
    let mut all = Vec::new();
    for item in items {
        match item {
            Item::Task(task) => all.push(task.clone()),
            Item::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    all.extend(tasks(part));
                }
            }
        }
    }
    all
}

fn name(task: &Task) -> String {
    task.name.as_ref().and_then(|n| n.text()).unwrap_or_default()
}

fn names(items: &[Item]) -> Vec<String> {
    tasks(items).iter().map(|task| name(task)).collect()
}

/// A module's arguments as text.
fn args(task: &Task) -> Vec<(String, String)> {
    let Act::Module { args, .. } = &task.act else { panic!("a module") };
    let pairs = args.as_map().expect("a mapping");
    pairs.iter().map(|(k, v)| (k.text().unwrap_or_default(), v.text().unwrap_or_default())).collect()
}

fn texts(nodes: &[harda::yaml::Node]) -> Vec<String> {
    nodes.iter().filter_map(harda::yaml::Node::text).collect()
}

#[test]
fn an_ordinary_play_is_read() {
    let playbook = good(&[(
        "site.yml",
        r#"
- name: Web servers
  hosts: [web, "!old"]
  become: yes
  gather_facts: no
  remote_user: admin
  vars: {port: 80}
  vars_files: [vars.yml]
  tags: all-web
  tasks:
    - name: Directory
      ansible.builtin.file: {path: /srv, state: directory, mode: 0755}
      when: port == 80
      tags: [a, "b,c"]
      register: made
      notify: restart web
    - name: Started
      service: name=web state=started enabled={{ on | default('a b') }}
      loop: [1, 2]
      loop_control: {loop_var: nr, index_var: i, label: "{{ nr }}"}
    - command: make  X=1 install creates=/usr/bin/x
      args: {chdir: /src}
      changed_when: false
      become: no
    - action: debug msg="hello there"
    - meta: flush_handlers
  handlers:
    - name: restart web
      service: {name: web, state: restarted}
      listen: [web changed]
"#,
    )]);
    let play = &playbook.plays[0];
    assert_eq!(play.hosts.as_str(), Some("web,!old"));
    assert!(!play.gather_facts);
    assert_eq!(texts(&play.vars_files), ["vars.yml"]);
    let all = tasks(&play.tasks);
    assert_eq!(all[0].tags, ["all-web", "a", "b", "c"]);
    assert_eq!(all[0].register.as_deref(), Some("made"));
    assert_eq!(args(&all[0])[2], ("mode".into(), "493".into()));
    assert_eq!(all[0].r#become.as_ref().and_then(harda::yaml::Node::as_bool), Some(true));
    assert_eq!(args(&all[1])[2], ("enabled".into(), "{{ on | default('a b') }}".into()));
    let looped = all[1].looped.as_ref().expect("a loop");
    assert_eq!((looped.var.as_str(), looped.kind), ("nr", LoopKind::Loop));
    let wanted = [("cmd", "make  X=1 install"), ("creates", "/usr/bin/x"), ("chdir", "/src")];
    assert_eq!(args(&all[2]), wanted.map(|(a, b)| (a.to_string(), b.to_string())));
    assert_eq!(all[2].r#become.as_ref().and_then(harda::yaml::Node::as_bool), Some(false));
    assert_eq!(args(&all[3]), [("msg".to_string(), "hello there".to_string())]);
    assert!(matches!(&all[4].act, Act::Meta { action, .. } if action == "flush_handlers"));
    assert_eq!(play.handlers[0].listen, ["web changed"]);
}

#[test]
fn blocks_hand_their_keywords_down() {
    let playbook = good(&[(
        "site.yml",
        r#"
- hosts: all
  tasks:
    - when: outer
      tags: o
      become_user: a
      environment: {A: 1}
      vars: {x: 1}
      block:
        - block:
            - debug: {msg: inner}
              when: [one, two]
              become_user: b
              vars: {x: 2}
              environment: {B: 2}
          when: middle
      rescue:
        - debug: {msg: rescued}
      always:
        - debug: {msg: always}
"#,
    )]);
    let all = tasks(&playbook.plays[0].tasks);
    assert_eq!(texts(&all[0].when), ["outer", "middle", "one", "two"]);
    assert_eq!(all[0].become_user.as_ref().and_then(|n| n.as_str()), Some("b"));
    assert_eq!((all[0].vars.len(), all[0].environment.len()), (2, 2));
    assert_eq!(texts(&all[1].when), ["outer"]);
    assert_eq!(all[2].tags, ["o"]);
}

#[test]
fn imports_hand_everything_down_and_includes_only_what_is_around_them() {
    let files = [
        (
            "site.yml",
            r#"
- hosts: all
  tasks:
    - import_tasks: sub/a.yml
      when: imported
      tags: t
    - block:
        - include_tasks: {file: sub/b.yml, apply: {tags: [applied]}}
          when: included
          tags: i
          vars: {v: 1}
      when: around
"#,
        ),
        ("sub/a.yml", "- debug: {msg: a}\n- import_tasks: c.yml\n"),
        ("sub/b.yml", "- debug: {msg: b}\n  when: own\n- include_tasks: b.yml\n  when: deeper\n"),
        ("sub/c.yml", "- debug: {msg: c}\n"),
    ];
    let folder = folder(&files);
    let playbook = load(&folder.path().join("site.yml"), &Modules).expect("good");
    let all = tasks(&playbook.plays[0].tasks);
    assert_eq!(all.len(), 3);
    assert_eq!((texts(&all[1].when), all[1].tags.clone()), (vec!["imported".into()], vec!["t".into()]));
    let include = &all[2];
    assert_eq!(texts(&include.when), ["around", "included"]);
    let path = harda::playbook::tasks_path(&harda::files::Files::default(), include, "sub/b.yml");
    let inside = tasks(&load_tasks(&harda::files::Files::default(), &path, include, &Modules).expect("good"));
    assert_eq!(texts(&inside[0].when), ["around", "own"]);
    assert_eq!(inside[0].tags, ["applied"]);
    assert_eq!(inside[0].vars.len(), 1);
    assert_eq!(inside[0].folder, folder.path().join("sub"));
    let deeper =
        tasks(&load_tasks(&harda::files::Files::default(), &path, &inside[1], &Modules).expect("good"));
    assert_eq!(texts(&deeper[0].when), ["around", "own"]);
}

#[test]
fn roles_bring_tasks_handlers_variables_and_dependencies() {
    let playbook = good(&[
        (
            "site.yml",
            "- hosts: all\n  pre_tasks:\n    - {name: first, debug: {}}\n  roles:\n    - base\n    - {role: web, listen_port: 81, tags: [w], when: wanted}\n  tasks:\n    - {name: last, debug: {}, notify: 'web : reload'}\n    - import_role: {name: base, tasks_from: other}\n",
        ),
        ("roles/base/tasks/main.yml", "- {name: base task, debug: {}}\n"),
        ("roles/base/tasks/other.yaml", "- {name: other task, debug: {}}\n"),
        ("roles/base/handlers/main.yml", "- {name: reload, debug: {}}\n"),
        ("roles/base/defaults/main.yml", "a: 1\n"),
        ("roles/web/meta/main.yml", "dependencies:\n  - role: base\n  - {name: dep, when: deps}\n"),
        (
            "roles/web/tasks/main.yml",
            "- {name: web task, debug: {}, notify: reload}\n- import_tasks: more.yml\n",
        ),
        ("roles/web/tasks/more.yml", "- {name: more, debug: {}}\n"),
        ("roles/web/handlers/main.yml", "- {name: reload, debug: {}}\n"),
        ("roles/web/vars/main/x.yml", "b: 2\n"),
        ("roles/dep/tasks/main.yml", "- {name: dep task, debug: {}}\n"),
    ]);
    let play = &playbook.plays[0];
    assert_eq!(names(&play.pre_tasks), ["first"]);
    let all = names(&play.tasks);
    assert_eq!(all, ["base task", "base task", "dep task", "web task", "more", "last", "other task"]);
    let web = &tasks(&play.tasks)[3];
    assert_eq!((web.tags.clone(), texts(&web.when)), (vec!["w".into()], vec!["wanted".into()]));
    let role = web.role.as_ref().expect("a role");
    assert_eq!(
        (role.name.as_str(), role.params[0].0.as_str(), role.vars[0].0.as_str()),
        ("web", "listen_port", "b")
    );
    let dep = &tasks(&play.tasks)[2];
    assert_eq!(texts(&dep.when), ["wanted", "deps"]);
    // `reload` is that of the role which comes last; the other is kept for its full name's sake.
    assert_eq!(
        play.handlers.iter().map(|h| h.listen.clone()).collect::<Vec<_>>(),
        [vec!["web : reload"], vec!["base : reload"]]
    );
}

#[test]
fn imported_playbooks_get_the_imports_keywords() {
    let playbook = good(&[
        (
            "site.yml",
            "- import_playbook: sub/web.yml\n  when: really\n  tags: web\n  vars: {x: 2}\n- hosts: b\n",
        ),
        ("sub/web.yml", "- hosts: a\n  vars: {x: 1, y: 1}\n  tasks:\n    - debug: {msg: hi}\n"),
    ]);
    let play = &playbook.plays[0];
    let task = &tasks(&play.tasks)[0];
    assert_eq!((texts(&task.when), task.tags.clone()), (vec!["really".into()], vec!["web".into()]));
    let vars: Vec<_> =
        play.vars.iter().map(|(n, v)| format!("{n}={}", v.text().unwrap_or_default())).collect();
    assert_eq!(vars, ["y=1", "x=2"]);
    assert!(play.folder.ends_with("sub"));
    assert_eq!(playbook.plays.len(), 2);
}

#[test]
fn mistakes_in_a_task_are_told_with_their_place() {
    let cases = [
        ("- debug: {}\n  notifyy: x", "site.yml:4:7: unknown keyword `notifyy` (did you mean `notify`?)"),
        ("- name: x\n  notifyy: x", "site.yml:4:7: unknown keyword `notifyy` (did you mean `notify`?)"),
        ("- tempalte: {src: x}", "site.yml:3:7: unknown module `tempalte` (did you mean `template`?)"),
        ("- community.mysql.mysql_db: {}", "site.yml:3:7: unknown module `community.mysql.mysql_db`"),
        (
            "- file: {pathh: /x}",
            "site.yml:3:14: module `file` has no parameter `pathh` (did you mean `path`?)",
        ),
        (
            "- file: {}\n  copy: {}",
            "site.yml:4:7: a task has one module, this one has `file` and `copy`\n  hint: make two tasks of it",
        ),
        ("- name: x", "site.yml:3:7: this task names no module"),
        ("- just text", "site.yml:3:7: a task must be a mapping, this is a string"),
        (
            "- debug: {}\n  tags: {a: b}",
            "site.yml:4:13: `tags` must be a string or a list, this is a mapping",
        ),
        (
            "- debug: {}\n  become: maybe",
            "site.yml:4:15: `become` must be `true` or `false`, this is a string",
        ),
        (
            "- debug: {}\n  when: {a: b}",
            "site.yml:4:13: `when` must be a condition or a list of conditions, this is a mapping",
        ),
        ("- debug: {}\n  delegate_to: x", "site.yml:4:7: `delegate_to` is not supported by harda yet"),
        ("- local_action: debug", "site.yml:3:7: `local_action` is not supported by harda yet"),
        (
            "- debug: {}\n  guard: false",
            "site.yml:4:14: `guard` is `true` or not there: what could lock you out is guarded whatever a task says\n  hint: `--no-guard` makes a whole run without the dead-man's switch",
        ),
        (
            "- debug: {}\n  guard: '{{ x }}'",
            "site.yml:4:14: templates in `guard` are not supported: what is guarded is known beforehand",
        ),
        ("- debug: {}\n  hosts: x", "site.yml:4:7: unknown keyword `hosts`"),
        (
            "- debug: {}\n  register: my-var",
            "site.yml:4:17: `my-var` can't be the name of a variable\n  hint: letters, digits and `_`, beginning with a letter, and no word of Python's",
        ),
        (
            "- debug: {}\n  loop: things",
            "site.yml:4:13: `loop` must be a list or a template, this is a string\n  hint: for the variable write \"{{ things }}\"",
        ),
        (
            "- debug: {}\n  with_nested: [[1], [2]]",
            "site.yml:4:7: `with_nested` is not supported by harda\n  hint: use `loop` with a filter, such as `product`, `subelements` or `zip`",
        ),
        (
            "- debug: {}\n  loop: [1]\n  with_items: [2]",
            "site.yml:5:7: a task has one loop, this one has `loop` too",
        ),
        (
            "- debug: {}\n  loop: [1]\n  loop_control: {pause: 3}",
            "site.yml:5:22: `pause` of `loop_control` is not supported by harda yet",
        ),
        (
            "- debug: {}\n  loop: [1]\n  loop_control: {lable: x}",
            "site.yml:5:22: unknown keyword `lable` of `loop_control` (did you mean `label`?)",
        ),
        ("- debug: {}\n  loop_control: {label: x}", "site.yml:4:21: `loop_control` without a `loop`"),
        (
            "- meta: flush_handler",
            "site.yml:3:13: unknown action `flush_handler` of `meta` (did you mean `flush_handlers`?)",
        ),
        ("- meta: end_role", "site.yml:3:13: `meta: end_role` is not supported by harda yet"),
        (
            "- service: web",
            "site.yml:3:16: module `service` takes no bare text, this is `web`\n  hint: write its parameters below it as `name: value`",
        ),
        ("- service: name='web", "site.yml:3:16: quotes are not closed"),
        (
            "- service: [web]",
            "site.yml:3:16: the arguments of `service` must be a mapping or a string, this is a list",
        ),
        (
            "- include: x.yml",
            "site.yml:3:7: `include` is gone from Ansible\n  hint: use `import_tasks`, or `include_tasks` if it loops or its name is a template",
        ),
        ("- block: []\n  loop: [1]", "site.yml:4:7: `loop` has no meaning on a block"),
        ("- rescue: []", "site.yml:3:7: `rescue` stands beside a `block`, and there is none"),
        (
            "- debug: {}\n  vars: {a-b: 1}",
            "site.yml:4:14: `a-b` can't be the name of a variable\n  hint: letters, digits and `_`, beginning with a letter, and no word of Python's",
        ),
        ("- debug: {}\n  retries: often", "site.yml:4:16: `retries` must be a number, this is a string"),
    ];
    for (text, wanted) in cases {
        assert_eq!(told_tasks(text), [wanted], "{text}");
    }
}

#[test]
fn mistakes_in_imports_and_roles_are_told_with_their_place() {
    let first = |tasks: &str| told_tasks(tasks).remove(0);
    assert_eq!(
        first("- import_tasks: '{{ x }}.yml'"),
        "site.yml:3:21: the name of an `import_tasks` can't be a template: it is read before any host\n  hint: use `include_tasks`"
    );
    assert_eq!(
        first("- import_tasks: no.yml\n  loop: [1]"),
        "site.yml:4:7: `import_tasks` can't loop\n  hint: use `include_tasks`"
    );
    assert!(
        first("- include_tasks: no.yml")
            .starts_with("site.yml:3:22: no file of tasks `no.yml`\n  hint: looked for ")
    );
    assert_eq!(
        first("- include_tasks: no.yml\n  become: yes"),
        "site.yml:4:7: `become` has no meaning on `include_tasks`\n  hint: put it under `apply:`, or on a block around the include"
    );
    assert!(
        first("- import_role: {name: gone}").starts_with("site.yml:3:27: no role `gone`\n  hint: looked in ")
    );
    assert_eq!(
        first("- include_role: {name: x}\n  loop: [1]"),
        "site.yml:4:7: `include_role` can't loop\n  hint: a loop over a role is not supported by harda yet"
    );
    assert_eq!(
        first("- include_role: {nam: x}"),
        "site.yml:3:22: unknown keyword `nam` (did you mean `name`?)"
    );
    let cases = told(&[
        (
            "site.yml",
            "- hosts: all\n  roles: [webb]\n  tasks:\n    - import_tasks: a.yml\n    - include_tasks: b.yml\n",
        ),
        ("a.yml", "- import_tasks: a.yml\n"),
        ("b.yml", "- fil: {}\n"),
        ("roles/web/tasks/main.yml", ""),
    ]);
    assert!(cases[0].starts_with("site.yml:2:11: no role `webb` (did you mean `web`?)"), "{}", cases[0]);
    assert_eq!(cases[1], "a.yml:1:17: `a.yml` imports itself");
    assert_eq!(cases[2], "b.yml:1:3: unknown module `fil` (did you mean `file`?)");
    let cycle = told(&[
        ("site.yml", "- hosts: all\n  roles: [a]\n"),
        ("roles/a/meta/main.yml", "dependencies: [b]\n"),
        ("roles/b/meta/main.yml", "dependencies: [a]\n"),
    ]);
    assert_eq!(cycle, ["roles/b/meta/main.yml:1:16: `roles/a/meta/main.yml` depends on itself"]);
}

#[test]
fn mistakes_in_a_play_are_told_with_their_place() {
    let one = |text: &str| told(&[("site.yml", text)]);
    assert_eq!(one("hosts: all\n"), ["site.yml:1:1: a playbook must be a list of plays, this is a mapping"]);
    assert_eq!(one(""), ["site.yml:1:1: this playbook is empty"]);
    assert_eq!(
        one("- hosts: all\n  task: []\n"),
        ["site.yml:2:3: unknown keyword `task` (did you mean `tasks`?)"]
    );
    assert_eq!(
        one("- hosts: all\n  strategy: free\n"),
        ["site.yml:2:3: `strategy` is not supported by harda yet"]
    );
    assert_eq!(one("- hosts: all\n  when: x\n"), ["site.yml:2:3: `when` has no meaning on a play"]);
    assert_eq!(one("- tasks: []\n"), ["site.yml:1:3: this play says no `hosts`"]);
    assert_eq!(
        one("- hosts:\n"),
        ["site.yml:1:8: `hosts` is empty\n  hint: `all` means every host of the inventory"]
    );
    assert_eq!(
        one("- hosts: all\n  gather_facts: maybe\n"),
        ["site.yml:2:17: `gather_facts` must be `true` or `false`, this is a string"]
    );
    assert_eq!(
        one("- hosts: all\n  serial: 2\n  any_errors_fatal: true\n"),
        [
            "site.yml:2:3: `serial` is not supported by harda yet",
            "site.yml:3:3: `any_errors_fatal` is not supported by harda yet"
        ]
    );
    assert!(one("- file: {path: /x}\n")[0].contains("module `file` stands where a play is expected"));
    let missing = load(Path::new("/nonexistent/site.yml"), &Modules).expect_err("missing");
    assert!(missing[0].to_string().starts_with("`/nonexistent/site.yml` can't be read"));
    let cycle = told(&[("site.yml", "- import_playbook: site.yml\n")]);
    assert_eq!(cycle, ["site.yml:1:20: `site.yml` imports itself"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = told_tasks("- fil: {}\n- debug: {}\n  tgas: x\n- file: {pth: /x}");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn a_notice_to_no_handler_is_a_mistake() {
    let play = |handlers: &str| {
        format!(
            "- hosts: all\n  tasks:\n    - debug: {{}}\n      notify: restart sshd\n  handlers:\n{handlers}"
        )
    };
    assert_eq!(
        told(&[("site.yml", &play("    - {name: restart ssh, debug: {}}\n"))]),
        ["site.yml:4:15: no handler is called `restart sshd` (did you mean `restart ssh`?)"]
    );
    good(&[("site.yml", &play("    - {name: x, listen: restart sshd, debug: {}}\n"))]);
    good(&[("site.yml", &play("    - {name: 'restart {{ ssh }}', debug: {}}\n"))]);
    assert_eq!(
        told(&[("site.yml", &play("    - name: restart sshd\n      block: []\n"))])[0],
        "site.yml:6:7: a block can't be a handler\n  hint: give the condition to each handler"
    );
}
