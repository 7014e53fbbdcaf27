//! How views are written here.

/// The framework's `view!` with its type erased: one type of view, not hundreds, each of which would be compiled, and
/// downloaded by every phone, again.
macro_rules! view {
    ($($view:tt)*) => { ::leptos::prelude::IntoAny::into_any(::leptos::prelude::view! { $($view)* }) };
}

pub(crate) use view;
