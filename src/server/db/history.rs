//! History: sessions that have ended, newest first, a page at a time.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::domain::id::{SessionId, StaffId, StationId, Uuid};
use crate::domain::money::Money;
use crate::domain::registry::Row;
use crate::domain::registry::Table;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::server::db::row::decode;

/// Which ended sessions are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Ended at this moment or later.
    pub from: Timestamp,
    /// Ended before this moment.
    pub to: Timestamp,
    /// On this station.
    pub station_id: Option<StationId>,
    /// Ended by this person.
    pub staff_id: Option<StaffId>,
}

/// Lists at most `limit` ended sessions, those before `before` where a page is continued. Tells whether there is more.
pub async fn list(
    connection: &mut SqliteConnection,
    filter: Filter,
    before: Option<(Timestamp, SessionId)>,
    limit: usize,
) -> Result<(Vec<Session>, bool), sqlx::Error> {
    let mut query = QueryBuilder::new("select doc from session");
    push_conditions(&mut query, filter);
    if let Some((ended_at, session_id)) = before {
        // Bills that ended in the same millisecond are told apart by their ids, or a page's edge would lose some.
        query
            .push(" and (ended_at_ms, id) < (")
            .push_bind(ended_at.0);
        query.push(", ").push_bind(session_id.to_string()).push(")");
    }
    query.push(" order by ended_at_ms desc, id desc limit ");
    query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
    let docs: Vec<String> = query.build_query_scalar().fetch_all(connection).await?;
    let has_more = docs.len() > limit;
    let mut sessions = Vec::with_capacity(docs.len());
    for doc in docs.iter().take(limit) {
        if let Row::Session(session) = Row::from_json(Table::Session, doc).map_err(decode)? {
            sessions.push(session);
        }
    }
    Ok((sessions, has_more))
}

/// Counts ended sessions and sums their settled bills.
pub async fn sum(
    connection: &mut SqliteConnection,
    filter: Filter,
) -> Result<(i64, Money), sqlx::Error> {
    let mut query = QueryBuilder::new("select count(*), coalesce(sum(total), 0) from session");
    push_conditions(&mut query, filter);
    let (count, total): (i64, i64) = query.build_query_as().fetch_one(connection).await?;
    Ok((count, Money(total)))
}

/// Says in a few characters what a range of ended sessions is: how many, when one last changed, what they came to.
pub async fn mark(
    connection: &mut SqliteConnection,
    filter: Filter,
) -> Result<String, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select count(*), coalesce(max(rev), 0), coalesce(sum(total), 0) from session",
    );
    push_conditions(&mut query, filter);
    let (count, rev, total): (i64, i64, i64) = query.build_query_as().fetch_one(connection).await?;
    Ok(format!("{count} {rev} {total}"))
}

/// The other ids under which a session is known.
pub async fn aliases(
    connection: &mut SqliteConnection,
    session_id: SessionId,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<String> = sqlx::query_scalar("select id from session where alias_of = ?")
        .bind(session_id.to_string())
        .fetch_all(connection)
        .await?;
    Ok(ids
        .iter()
        .filter_map(|id| Uuid::parse_str(id).ok())
        .collect())
}

fn push_conditions(query: &mut QueryBuilder<Sqlite>, filter: Filter) {
    query
        .push(" where ended_at_ms >= ")
        .push_bind(filter.from.0);
    query.push(" and ended_at_ms < ").push_bind(filter.to.0);
    if let Some(station_id) = filter.station_id {
        query
            .push(" and station_id = ")
            .push_bind(station_id.to_string());
    }
    if let Some(staff_id) = filter.staff_id {
        query
            .push(" and ended_by = ")
            .push_bind(staff_id.to_string());
    }
}
