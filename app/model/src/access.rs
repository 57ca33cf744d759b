//! What admins and system accounts may do: roles, and the permissions that they come to.

use crate::states::AdminRole;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// One kind of thing that somebody may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Permission { $($(#[$doc])* $name),+ }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

permissions! {
    ReadPortals,
    /// Change portals, their teams, identity providers and looks, and decide about developers.
    MaintainPortals,
    /// Create and delete portals.
    AdministerPortals,
    /// See developers, applications and registrations.
    ReadPeople,
    DecideRegistrations,
    /// See products, versions, documents and where they are published.
    ReadProducts,
    MaintainProducts,
    /// Put products into portals and publish their versions there.
    Publish,
    ReadStrategies,
    CreateStrategies,
    /// Change and delete strategies.
    MaintainStrategies,
    ReadProviders,
    CreateProviders,
    /// Change, test and delete DCR providers, and mend their clients.
    MaintainProviders,
    ReadGateways,
    MaintainGateways,
    /// See mail, and why calls are refused.
    Operate,
    /// Decide who may do what.
    Administer,
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u32);

impl Permissions {
    /// Everything.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut bits, mut rest) = (0, permissions);
        while let [first, tail @ ..] = rest {
            bits |= 1 << *first as u32;
            rest = tail;
        }
        Self(bits)
    }

    /// What some roles come to.
    pub fn of_roles(roles: &[AdminRole]) -> Self {
        Self(roles.iter().fold(0, |bits, role| bits | role.permissions().0))
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// What both have.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl AdminRole {
    /// What somebody with this role may do. Each sees what its pages are made of.
    pub fn permissions(self) -> Permissions {
        use Permission::{
            AdministerPortals, CreateProviders, CreateStrategies, DecideRegistrations, MaintainPortals, MaintainProducts,
            MaintainProviders, MaintainStrategies, Publish, ReadGateways, ReadPeople, ReadPortals, ReadProducts, ReadProviders,
            ReadStrategies,
        };
        const PORTAL: Permissions =
            Permissions::of(&[ReadPortals, ReadPeople, ReadProducts, ReadStrategies, ReadProviders, ReadGateways]);
        const PRODUCT: Permissions = Permissions::of(&[ReadProducts, ReadPortals, ReadStrategies, ReadProviders, ReadGateways]);
        const STRATEGY: Permissions = Permissions::of(&[ReadStrategies, ReadProviders]);
        let with = |base: Permissions, more: &[Permission]| Permissions(base.0 | Permissions::of(more).0);
        match self {
            Self::Admin => Permissions::ALL,
            Self::PortalAdmin => with(PORTAL, &[MaintainPortals, AdministerPortals, DecideRegistrations, Publish]),
            Self::PortalMaintainer => with(PORTAL, &[MaintainPortals, DecideRegistrations, Publish]),
            Self::PortalViewer => PORTAL,
            Self::ProductAdmin => with(PRODUCT, &[MaintainProducts, Publish]),
            Self::ProductPublisher => with(PRODUCT, &[Publish]),
            Self::ProductViewer => PRODUCT,
            Self::AuthStrategyCreator => with(STRATEGY, &[CreateStrategies]),
            Self::AuthStrategyMaintainer => with(STRATEGY, &[CreateStrategies, MaintainStrategies]),
            Self::AuthStrategyViewer => STRATEGY,
            Self::DcrProviderCreator => Permissions::of(&[ReadProviders, CreateProviders]),
            Self::DcrProviderMaintainer => Permissions::of(&[ReadProviders, CreateProviders, MaintainProviders]),
            Self::DcrProviderViewer => Permissions::of(&[ReadProviders]),
            Self::RegistrationApprover => with(PORTAL, &[DecideRegistrations]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_admin_decides_who_may_do_what() {
        for role in AdminRole::ALL {
            let is_admin = *role == AdminRole::Admin;
            for permission in [Permission::Administer, Permission::Operate, Permission::MaintainGateways] {
                assert_eq!(role.permissions().contains(permission), is_admin, "{role:?}: {permission:?}");
            }
            let is_viewer = role.as_str().ends_with("viewer");
            let changes = |permission: &&Permission| !format!("{permission:?}").starts_with("Read");
            let all = Permission::ALL.iter().filter(changes).any(|permission| role.permissions().contains(*permission));
            assert_eq!(all, !is_viewer, "{role:?} changes nothing just when it is a viewer's");
        }
    }

    #[test]
    fn sets_are_joined_by_roles_and_cut_by_a_token() {
        let both = Permissions::of_roles(&[AdminRole::DcrProviderViewer, AdminRole::ProductViewer]);
        assert!(both.contains(Permission::ReadProviders) && both.contains(Permission::ReadGateways));
        assert!(!both.contains(Permission::ReadPeople));
        let cut = both.and(AdminRole::DcrProviderMaintainer.permissions());
        assert_eq!(cut, Permissions::of(&[Permission::ReadProviders]));
    }
}
