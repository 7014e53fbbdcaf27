//! Looking something up in the log: a page at a time for screens, all of it as a file for spreadsheets.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::try_unfold;
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::domain::audit::{Group, kind_of};
use crate::domain::id::{DeviceId, StaffId};
use crate::domain::json;
use crate::domain::op::{Body, Op};
use crate::domain::outcome::Outcome;
use crate::domain::registry::{Row, Table};
use crate::domain::shop::Shop;
use crate::domain::sync::LogEntry;
use crate::domain::time::{BusinessDay, Timestamp};
use crate::server::api::{AuditFilter, AuditLine, AuditPage};
use crate::server::db::audit::Filter;
use crate::server::told::{before, told};
use crate::server::{Error, Prefs, Server, db, explain, sync};

/// How many operations a page shows.
const PAGE_LINES: u32 = 50;
/// How many entries a page looks through where no index leads to what is looked for; the next page goes on there.
const LOOKED_MAX: u64 = 5_000;
/// How many entries are read at once for a file.
const CHUNK_LINES: u32 = 500;

/// Finds a page of the log, the newest first.
pub async fn page(server: &Server, filter: &AuditFilter) -> Result<AuditPage, Error> {
    let mut read = server.readers.begin().await?;
    let wanted = wanted(&mut read, filter).await?;
    let own = own_device(&mut read).await?;
    // A text is in no index, and two conditions are in no single one.
    let is_looked_through = wanted.text.is_some()
        || (wanted.staff_id.is_some() && !wanted.kinds.is_empty() && !wanted.is_not_applied);
    let floor = if is_looked_through {
        wanted.from.max(wanted.before.saturating_sub(LOOKED_MAX))
    } else {
        wanted.from
    };
    let piece = Filter {
        from: floor,
        ..wanted.clone()
    };
    let mut entries = db::audit::find(&mut read, &piece, PAGE_LINES + 1).await?;
    let is_full = entries.len() > PAGE_LINES as usize;
    entries.truncate(PAGE_LINES as usize);
    let last = entries.last().map(|entry| entry.seq);
    let next = if is_full {
        last
    } else {
        (floor > wanted.from).then_some(floor)
    };
    let looked_to = match next.filter(|_| !is_full) {
        Some(floor) => {
            let entry = db::log::list_after(&mut read, floor - 1, 1).await?;
            entry.first().map(|entry| entry.received_at)
        }
        None => None,
    };
    Ok(AuditPage {
        lines: lines(&mut read, entries, own).await?,
        next,
        looked_to,
    })
}

/// What is asked for, as the log is asked.
async fn wanted(read: &mut SqliteConnection, filter: &AuditFilter) -> Result<Filter, Error> {
    let shop = sync::shop(read).await?;
    let from = match filter.from {
        Some(day) => day_start(read, &shop, day).await?,
        None => 1,
    };
    let to = match filter.to {
        Some(day) => day_start(read, &shop, day.plus(1)).await?,
        None => db::log::head(read).await?.0 + 1,
    };
    let text = filter.text.trim();
    Ok(Filter {
        staff_id: filter.staff_id,
        kinds: filter.group.map(Group::kinds).unwrap_or_default().to_vec(),
        is_not_applied: filter.is_not_applied,
        text: (!text.is_empty()).then(|| text.to_owned()),
        from,
        before: filter.before.unwrap_or(to).min(to),
    })
}

/// The first place of the log in a business day; days are those on which the server was told.
async fn day_start(
    read: &mut SqliteConnection,
    shop: &Shop,
    day: BusinessDay,
) -> Result<u64, sqlx::Error> {
    let begins_at = day.starts_at(&shop.zone, shop.day_start_hour);
    db::audit::received_from(read, begins_at).await
}

async fn own_device(read: &mut SqliteConnection) -> Result<Option<DeviceId>, sqlx::Error> {
    let own = db::find_meta(read, "device_id").await?;
    Ok(own.and_then(|text| text.parse().ok()))
}

/// Reads entries of the log, and what they were recorded in.
async fn lines(
    read: &mut SqliteConnection,
    entries: Vec<LogEntry>,
    own: Option<DeviceId>,
) -> Result<Vec<AuditLine>, sqlx::Error> {
    // An operation that came under the name of another is not what that name stands for.
    let op_of = |entry: &LogEntry| {
        let op: Op = json::read(&entry.bytes).ok()?;
        (op.op_id == entry.op_id).then_some(op)
    };
    let ops: Vec<Option<Op>> = entries.iter().map(op_of).collect();
    let logins = ops.iter().flatten().map(|op| op.login_id).collect();
    let names = db::browser::names(read, &logins).await?;
    let lines = entries.into_iter().zip(ops).map(|(entry, op)| AuditLine {
        seq: entry.seq,
        allowed_by: op.as_ref().and_then(|op| Some(op.approval?.staff_id)),
        // Whose login it was nobody found, so nobody knows where it was either.
        device_name: op
            .as_ref()
            .filter(|_| !entry.staff_id.is_nil())
            .and_then(|op| names.get(&op.login_id).cloned()),
        body: op.map(|op| op.body.without_secrets()),
        kind: kind_of(&entry.bytes).unwrap_or_default().to_owned(),
        subject: entry.subject,
        by: StaffId(entry.staff_id),
        at: entry.at,
        received_at: entry.received_at,
        outcome: entry.outcome,
        is_server: Some(entry.device_id) == own,
        device_id: entry.device_id,
    });
    Ok(lines.collect())
}

/// What is looked for, as an address says it.
#[derive(Debug, Default, Deserialize)]
pub struct Ask {
    staff: Option<StaffId>,
    group: Option<String>,
    odd: Option<String>,
    text: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl From<Ask> for AuditFilter {
    fn from(ask: Ask) -> AuditFilter {
        let day = |text: Option<String>| text.and_then(|text| BusinessDay::parse(&text));
        AuditFilter {
            staff_id: ask.staff,
            group: ask.group.and_then(|name| Group::parse(&name)),
            is_not_applied: ask.odd.is_some(),
            text: ask.text.unwrap_or_default(),
            from: day(ask.from),
            to: day(ask.to),
            before: None,
        }
    }
}

/// Answers with what was found, all of it, as a file for a spreadsheet. It is written as it is read.
pub async fn export(
    State(server): State<Arc<Server>>,
    prefs: Prefs,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Error> {
    let Query(ask) = ask.map_err(|_| Error::BadRequest)?;
    let writer = Writer::begin(server, prefs, &ask.into()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let chunks = try_unfold(writer, |mut writer| async {
        let chunk = writer.chunk().await?;
        Ok::<_, Error>(chunk.map(|chunk| (chunk, writer)))
    });
    Ok((headers, HttpBody::from_stream(chunks)).into_response())
}

/// Writes what was found, piece by piece.
struct Writer {
    server: Arc<Server>,
    prefs: Prefs,
    shop: Shop,
    people: BTreeMap<StaffId, String>,
    own: Option<DeviceId>,
    filter: Filter,
    is_begun: bool,
}

impl Writer {
    async fn begin(
        server: Arc<Server>,
        prefs: Prefs,
        filter: &AuditFilter,
    ) -> Result<Writer, Error> {
        let mut read = server.readers.acquire().await?;
        let filter = wanted(&mut read, filter).await?;
        let shop = sync::shop(&mut read).await?;
        let rows = db::row::list(&mut read, Table::Staff).await?;
        let people = rows.into_iter().filter_map(|row| match row {
            Row::Staff(staff) => Some((staff.staff_id, staff.name)),
            _ => None,
        });
        let people = people.collect();
        let own = own_device(&mut read).await?;
        drop(read);
        Ok(Writer {
            server,
            prefs,
            shop,
            people,
            own,
            filter,
            is_begun: false,
        })
    }

    /// The next piece; none when all of it is written.
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let failed = |_| Error::Internal;
        if !self.is_begun {
            // Spreadsheets take a file for UTF-8 by these three bytes.
            csv = csv::Writer::from_writer(vec![0xef, 0xbb, 0xbf]);
            csv.write_record(self.heads()).map_err(failed)?;
        }
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        loop {
            if self.filter.before <= self.filter.from {
                break;
            }
            // Without an index that leads to what is looked for, a piece of the log at a time.
            let floor = self
                .filter
                .from
                .max(self.filter.before.saturating_sub(LOOKED_MAX));
            let piece = Filter {
                from: floor,
                ..self.filter.clone()
            };
            let mut read = self.server.readers.acquire().await?;
            let found = db::audit::find(&mut read, &piece, CHUNK_LINES).await?;
            let found = lines(&mut read, found, self.own).await?;
            drop(read);
            let is_full = found.len() == CHUNK_LINES as usize;
            let last = found.last().map(|entry| entry.seq).filter(|_| is_full);
            self.filter.before = last.unwrap_or(floor);
            let is_found = !found.is_empty();
            for line in found {
                csv.write_record(self.cells(line)).map_err(failed)?;
            }
            if is_found {
                break;
            }
        }
        let bytes = csv.into_inner().map_err(|_| Error::Internal)?;
        Ok((is_first || !bytes.is_empty()).then_some(bytes))
    }

    fn heads(&self) -> [&'static str; 12] {
        let words = self.prefs.words();
        [
            words.number,
            words.done_at,
            words.recorded_at,
            words.who,
            words.what,
            words.before_it,
            words.reason,
            words.outcome,
            words.why,
            words.device,
            words.about_id,
            words.kind,
        ]
    }

    fn cells(&self, line: AuditLine) -> [String; 12] {
        let words = self.prefs.words();
        let body = line.body.as_ref();
        let (outcome, why) = match line.outcome {
            Outcome::Applied => (words.was_done, None),
            Outcome::Review(reason) => (words.was_done, Some(reason)),
            Outcome::Superseded(reason) => (words.was_superseded, Some(reason)),
            Outcome::Rejected(reason) => (words.audit_refused, Some(reason)),
        };
        let name = |by| self.people.get(&by).cloned().unwrap_or_default();
        let allowed = line.allowed_by.map(|by| {
            let allowed = words.allowed_by.replace("{n}", &name(by));
            format!(" ({allowed})")
        });
        let who = name(line.by) + &allowed.unwrap_or_default();
        let cells = [
            line.seq.to_string(),
            self.moment(line.at),
            self.moment(line.received_at),
            who,
            body.map_or(words.not_stored.to_owned(), |body| told(body, self.prefs)),
            body.map(|body| before(body, self.prefs))
                .unwrap_or_default(),
            body.and_then(Body::reason).unwrap_or_default().to_owned(),
            outcome.to_owned(),
            why.map_or(String::new(), |why| explain(words, why).to_owned()),
            match line.device_name {
                Some(name) => format!("{name} ({})", line.device_id),
                None => line.device_id.to_string(),
            },
            line.subject.to_string(),
            line.kind,
        ];
        cells.map(inert)
    }

    fn moment(&self, at: Timestamp) -> String {
        let local = self.shop.zone.local(at);
        let (year, month, day) = local.date();
        format!(
            "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
            local.hour(),
            local.minute(),
            local.second()
        )
    }
}

/// A cell that a spreadsheet takes for text, whatever somebody typed: one that begins like a formula gets a mark before
/// it.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(inert(cell.to_owned()), format!("'{cell}"));
        }
        assert_eq!(inert("شاي =1".to_owned()), "شاي =1");
    }
}
