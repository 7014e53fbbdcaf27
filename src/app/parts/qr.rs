//! Codes for cameras.

use leptos::prelude::*;

use crate::app::api::QrView;
use crate::app::view;

/// A QR code, with the quiet border that cameras need.
#[component]
pub fn Qr(
    /// What it shows.
    qr: QrView,
) -> impl IntoView {
    let QrView { n_modules, path } = qr;
    let area = format!("-4 -4 {0} {0}", n_modules + 8);
    view! {
        <svg class="qr" viewBox=area shape-rendering="crispEdges" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}
