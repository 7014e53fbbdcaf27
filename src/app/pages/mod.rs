//! The pages, named as the navigation names them.

pub mod audit;
pub mod backup;
pub mod bill;
pub mod filling;
pub mod first_run;
pub mod floor;
pub mod gateway;
pub mod guests;
pub mod history;
pub mod login;
pub mod menu;
pub mod missing;
pub mod more;
pub mod portal;
pub mod print;
pub mod profiles;
pub mod router;
pub mod sale;
pub mod settings;
pub mod sheet_settings;
pub mod staff;
pub mod stations;
pub mod tasks;
pub mod vouchers;
pub mod wifi;
