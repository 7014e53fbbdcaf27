//! The screens. They are drawn by the server and brought to life in the browser; both draw the same from the same
//! snapshot. Components hold no rules: they ask `domain`.

pub mod api;
mod codec;
mod error;
pub mod exchange;
mod explain;
mod fill;
mod gate;
mod pages;
pub(crate) mod parts;
mod past;
pub mod prefs;
mod store;
mod view;
mod words;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

pub use crate::app::error::Error;
pub use crate::app::explain::explain;
pub use crate::app::prefs::Prefs;
pub use crate::app::store::{Alarm, Link, Opened, Store, Tone, store};
pub(crate) use crate::app::view::view;
pub use crate::app::words::Words;

use crate::app::gate::Gate;
use crate::app::pages::audit::AuditPage;
use crate::app::pages::backup::BackupPage;
use crate::app::pages::bill::BillPage;
use crate::app::pages::devices::DevicesPage;
use crate::app::pages::floor::FloorPage;
use crate::app::pages::gateway::GatewayPage;
use crate::app::pages::guests::GuestsPage;
use crate::app::pages::history::HistoryPage;
use crate::app::pages::install::InstallPage;
use crate::app::pages::join::JoinPage;
use crate::app::pages::menu::MenuPage;
use crate::app::pages::missing::MissingPage;
use crate::app::pages::more::MorePage;
use crate::app::pages::portal::PortalPage;
use crate::app::pages::print::PrintPage;
use crate::app::pages::profiles::ProfilesPage;
use crate::app::pages::returned::ReturnedPage;
use crate::app::pages::rights::RightsPage;
use crate::app::pages::router::RouterPage;
use crate::app::pages::sale::SalePage;
use crate::app::pages::settings::SettingsPage;
use crate::app::pages::staff::StaffPage;
use crate::app::pages::standby::StandbyPage;
use crate::app::pages::stations::StationsPage;
use crate::app::pages::tasks::TasksPage;
use crate::app::pages::vouchers::VouchersPage;
use crate::app::pages::vouchers::list::VoucherListPage;
use crate::app::pages::wifi::WifiPage;

/// How this page is to be drawn: the server knows it from the request, the browser from the page that it was given.
pub fn prefs() -> Prefs {
    use_context().unwrap_or_else(|| {
        let drawn = crate::client::page::root_attribute;
        Prefs::from_names(&drawn("lang"), &drawn("data-digits"), &drawn("data-theme"))
    })
}

/// The catalogue in this page's language.
pub fn words() -> &'static Words {
    prefs().words()
}

/// What the device opened a page with, where the server did not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shelled {
    /// What was added to the device's clock at its last contact; none where the server was asked after all.
    pub clock_offset_ms: StoredValue<Option<i64>>,
    /// Whoever is here was let in by the device, and not by the server.
    pub is_switched: StoredValue<bool>,
}

/// The app without its server: it opens from what the device holds.
#[component]
pub fn ShellApp() -> impl IntoView {
    provide_context(Shelled::default());
    view! { <App /> }
}

/// The app: one gate, and the pages behind it.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    if use_context::<Shelled>().is_some() {
        crate::client::page::apply_choices();
    }
    provide_context(prefs());
    view! {
        <Router>
            <Routes fallback=MissingPage>
                <Route path=path!("join/:code") view=JoinPage ssr=SsrMode::Async />
                <Route path=path!("install") view=InstallPage ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Gate ssr=SsrMode::Async>
                    <Route path=path!("") view=FloorPage />
                    <Route path=path!("sale") view=SalePage />
                    <Route path=path!("history") view=HistoryPage />
                    <Route path=path!("history/:id") view=BillPage />
                    <Route path=path!("menu") view=MenuPage />
                    <Route path=path!("stations") view=StationsPage />
                    <Route path=path!("tasks") view=TasksPage />
                    <Route path=path!("staff") view=StaffPage />
                    <Route path=path!("rights") view=RightsPage />
                    <Route path=path!("devices") view=DevicesPage />
                    <Route path=path!("settings") view=SettingsPage />
                    <Route path=path!("vouchers") view=VouchersPage />
                    <Route path=path!("vouchers/all") view=VoucherListPage />
                    <Route path=path!("vouchers/print") view=PrintPage />
                    <Route path=path!("profiles") view=ProfilesPage />
                    <Route path=path!("guests") view=GuestsPage />
                    <Route path=path!("wifi") view=WifiPage />
                    <Route path=path!("gateway") view=GatewayPage />
                    <Route path=path!("portal") view=PortalPage />
                    <Route path=path!("router") view=RouterPage />
                    <Route path=path!("audit") view=AuditPage />
                    <Route path=path!("backup") view=BackupPage />
                    <Route path=path!("standby") view=StandbyPage />
                    <Route path=path!("returned") view=ReturnedPage />
                    <Route path=path!("more") view=MorePage />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
