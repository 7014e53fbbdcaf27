//! What is there only while something holds.

use leptos::prelude::*;

/// Draws its children while something holds, and else what stands in for them.
///
/// It does what the framework's own does. That one is compiled anew for every place that it stands in, some kilobytes
/// each time that every phone would download; of this one only the question is.
#[component]
pub fn Show(
    /// What has to hold.
    when: impl Fn() -> bool + Send + Sync + 'static,
    /// What stands there while it does not.
    #[prop(optional, into)]
    fallback: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    show(Signal::derive(when), fallback, children)
}

fn show(holds: Signal<bool>, fallback: ViewFn, children: ChildrenFn) -> AnyView {
    let holds = Memo::new(move |_| holds.get());
    let either = move || {
        if holds.get() {
            children()
        } else {
            fallback.run()
        }
    };
    either.into_any()
}
