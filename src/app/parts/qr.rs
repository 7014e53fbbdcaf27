//! Codes that cameras read.

use leptos::prelude::*;

use crate::app::api::QrView;
use crate::app::view;

/// Draws a code, with what has to stay free around it: without that no camera finds it.
pub fn draw_code(QrView { n_modules, path }: QrView) -> impl IntoView {
    let area = format!("-4 -4 {0} {0}", n_modules + 8);
    view! {
        <svg class="qr" viewBox=area shape-rendering="crispEdges" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}
