//! What the Change of a group makes of the accounts that are in it.

use super::super::group::GroupState;
use super::super::user::UserState;
use super::super::{Key, State};

/// Those who lose the group, or come into it with it.
pub fn members(group: &Key, from: &State, to: &State) -> Vec<Key> {
    match (group, from, to) {
        (
            Key::Group(_),
            State::Group(GroupState::Present { members, .. }),
            State::Group(GroupState::Absent),
        )
        | (
            Key::Group(_),
            State::Group(GroupState::Absent),
            State::Group(GroupState::Present { members, .. }),
        ) => members.iter().map(|name| Key::User(name.clone())).collect(),
        _ => Vec::new(),
    }
}

/// The account after the group's Change, where it is another by it.
pub fn after(group: &Key, from: &State, to: &State, user: &Key, account: &State) -> Option<State> {
    let (Key::Group(name), State::User(UserState::Present(account))) = (group, account) else { return None };
    if !members(group, from, to).contains(user) {
        return None;
    }
    let mut account = account.clone();
    account.groups.retain(|group| group != name);
    if matches!(to, State::Group(GroupState::Present { .. })) && account.group.as_ref() != Some(name) {
        account.groups.push(name.clone());
        account.groups.sort();
    }
    Some(State::User(UserState::Present(account)))
}

#[cfg(test)]
mod tests {
    use super::super::super::user::Account;
    use super::*;

    #[test]
    fn who_is_in_a_group_loses_and_gains_it() {
        let user = |name: &str| Key::User(name.into());
        let account = |groups: &[&str]| {
            let groups = groups.iter().map(|group| group.to_string()).collect();
            State::User(UserState::Present(Account { groups, ..Account::default() }))
        };
        let key = Key::Group("team".into());
        let gone = State::Group(GroupState::Absent);
        let there = State::Group(GroupState::Present { gid: Some(8001), members: vec!["anna".into()] });
        let (with, without) = (account(&["adm", "team"]), account(&["adm"]));
        assert_eq!(members(&key, &there, &gone), [user("anna")]);
        assert_eq!(after(&key, &there, &gone, &user("anna"), &with), Some(without.clone()));
        assert_eq!(after(&key, &gone, &there, &user("anna"), &without), Some(with));
        assert_eq!(after(&key, &there, &gone, &user("bo"), &without), None);
    }
}
