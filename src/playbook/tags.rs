//! Which tasks `--tags` and `--skip-tags` choose.

use super::model::{Act, Playbook};

/// Tags that stand for groups of tasks.
const GROUPS: &[&str] = &["all", "always", "never", "tagged", "untagged"];

/// Those of the tags that no task has. What a file holds that is named by a template nobody knows yet.
pub fn of_no_task<'t>(playbook: &Playbook, asked: impl Iterator<Item = &'t String>) -> Vec<&'t str> {
    let tasks: Vec<_> = playbook.plays.iter().flat_map(|play| play.all_tasks()).collect();
    if tasks.iter().any(|task| matches!(task.act, Act::IncludeTasks { .. })) {
        return Vec::new();
    }
    let is_known =
        |tag: &str| GROUPS.contains(&tag) || tasks.iter().any(|task| task.tags.iter().any(|t| t == tag));
    asked.map(String::as_str).filter(|tag| !is_known(tag)).collect()
}

/// Whether a task with these tags runs. `always` runs unless it is skipped by name, `never` only
/// if one of the task's tags is asked for; `all`, `tagged` and `untagged` are groups of tasks.
pub fn selected(tags: &[String], only: &[String], skip: &[String]) -> bool {
    let has = |list: &[String], tag: &str| list.iter().any(|t| t == tag);
    let always = has(tags, "always");
    let never = has(tags, "never");
    let any = |list: &[String]| tags.iter().any(|tag| list.contains(tag));
    let run = if only.is_empty() || has(only, "all") {
        always || !never || any(only)
    } else {
        always
            || any(only)
            || (has(only, "tagged") && !tags.is_empty() && !never)
            || (has(only, "untagged") && tags.is_empty())
    };
    let skipped = any(skip)
        || (has(skip, "all") && (!always || has(skip, "always")))
        || (has(skip, "tagged") && !tags.is_empty())
        || (has(skip, "untagged") && tags.is_empty());
    run && !skipped
}

#[cfg(test)]
mod tests {
    use super::selected;

    #[test]
    fn tags_choose_as_in_ansible() {
        let list = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        let cases = [
            ("", "", "", true),
            ("a", "", "", true),
            ("never", "", "", false),
            ("never a", "a", "", true),
            ("never a", "b", "", false),
            ("never a", "tagged", "", false),
            ("a", "a", "", true),
            ("a b", "b c", "", true),
            ("a", "b", "", false),
            ("", "a", "", false),
            ("always", "a", "", true),
            ("always", "a", "always", false),
            ("a", "tagged", "", true),
            ("", "tagged", "", false),
            ("", "untagged", "", true),
            ("a", "untagged", "", false),
            ("a", "all", "a", false),
            ("a", "", "a", false),
            ("a", "", "tagged", false),
            ("", "", "untagged", false),
            ("always", "", "all", true),
            ("a", "", "all", false),
        ];
        for (tags, only, skip, wanted) in cases {
            assert_eq!(selected(&list(tags), &list(only), &list(skip)), wanted, "{tags:?} {only:?} {skip:?}");
        }
    }
}
