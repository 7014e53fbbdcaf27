//! What two servers say to each other, on a line that one of them dialled: JSON, squeezed by one dictionary for the whole
//! line, in messages of a WebSocket. What stands on it comes in order, or not at all.
//!
//! Both ends are the same: whoever is in office answers, whoever is the standby asks and forwards. So when the two have
//! changed places, the same line serves.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use serde::{Deserialize, Serialize};

use crate::domain::sync::{Held, Position, Side, TailAsk, TailReply};
use crate::domain::time::Timestamp;
use crate::server::db::beside::Beside;

/// The largest message, unpacked: a page of the log with its rows is a few megabytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// By how much the room for what is packed or unpacked grows at a time.
const ROOM: usize = 64 * 1024;

/// What a server says of itself, first on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// What proves to the one that dialled that it has reached the one it meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Its version.
    pub version: String,
    /// It is a standby.
    pub is_standby: bool,
    /// Where its log stands; its epoch has the latest reign that it has heard of.
    pub position: Position,
    /// The place of the last operation among what it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_to: Option<i64>,
    /// It was in office, and has given that away to whoever stands where it does.
    #[serde(default)]
    pub has_given: bool,
    /// Under which addresses browsers open it.
    #[serde(default)]
    pub origins: Vec<String>,
}

impl Hello {
    /// What says who of the two is in office.
    pub fn side(&self) -> Side {
        Side {
            is_standby: self.is_standby,
            position: self.position,
            has_given: self.has_given,
        }
    }
}

/// What is said on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Who it is.
    Hello(Box<Hello>),
    /// The standby asks for what came after.
    Ask(TailAsk),
    /// The shop's answer.
    Reply(TailReply),
    /// The standby hands over what it holds, up to a place among it.
    Forward(i64, Vec<Held>),
    /// The shop has given all of it its place.
    Taken(i64),
    /// A device stands where the standby's copy does not go.
    Suspect(Position),
    /// What stands beside the log.
    Beside(Box<Beside>),
    /// It is alive, as of its clock; the other end says the same back.
    Beat {
        /// When it was sent.
        at: Timestamp,
        /// It is an answer: when the beat was sent that it answers.
        of: Option<Timestamp>,
    },
}

/// A message that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what came over the line is no message")]
pub struct Garbled;

/// What packs the messages of one direction.
pub struct Packer(Compress);

impl Default for Packer {
    fn default() -> Packer {
        Packer(Compress::new(Compression::fast(), true))
    }
}

impl Packer {
    /// Packs the next message.
    pub fn pack(&mut self, message: &Message) -> Result<Vec<u8>, Garbled> {
        let text = serde_json::to_vec(message).map_err(|_| Garbled)?;
        let began = self.0.total_in();
        let mut packed = Vec::with_capacity(ROOM.min(text.len() + 64));
        loop {
            let n_done = usize::try_from(self.0.total_in() - began).map_err(|_| Garbled)?;
            let left = text.get(n_done..).unwrap_or_default();
            let packing = self.0.compress_vec(left, &mut packed, FlushCompress::Sync);
            packing.map_err(|_| Garbled)?;
            let is_all_in = self.0.total_in() - began == text.len() as u64;
            if is_all_in && packed.len() < packed.capacity() {
                return Ok(packed);
            }
            packed.reserve(ROOM);
        }
    }
}

/// What unpacks the messages of one direction.
pub struct Unpacker(Decompress);

impl Default for Unpacker {
    fn default() -> Unpacker {
        Unpacker(Decompress::new(true))
    }
}

impl Unpacker {
    /// Unpacks the next message.
    pub fn unpack(&mut self, packed: &[u8]) -> Result<Message, Garbled> {
        let began = self.0.total_in();
        let mut text = Vec::with_capacity(ROOM);
        loop {
            let n_done = usize::try_from(self.0.total_in() - began).map_err(|_| Garbled)?;
            let left = packed.get(n_done..).unwrap_or_default();
            let n_before = text.len();
            let status = self
                .0
                .decompress_vec(left, &mut text, FlushDecompress::Sync);
            match status {
                Ok(Status::Ok | Status::BufError) => {}
                Ok(Status::StreamEnd) | Err(_) => return Err(Garbled),
            }
            let has_room = text.len() < text.capacity();
            let n_read = self.0.total_in() - began;
            let is_all_in = n_read == packed.len() as u64;
            if is_all_in && has_room {
                return serde_json::from_slice(&text).map_err(|_| Garbled);
            }
            let is_stuck = has_room && n_read == n_done as u64 && text.len() == n_before;
            if is_stuck || text.len() > MESSAGE_BYTES_MAX {
                return Err(Garbled);
            }
            text.reserve(ROOM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drill::Chance;
    use crate::domain::sync::Chain;

    fn beat(at: i64) -> Message {
        Message::Beat {
            at: Timestamp(at),
            of: None,
        }
    }

    #[test]
    fn messages_of_every_size_arrive_as_they_were_and_repetition_is_cheap() {
        let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
        let mut chance = Chance(7);
        for n in [0, 1, 3, 900, 20_000, 2] {
            let rungs = (0..n).map(|at| (at, Chain::default().then(&chance.bits().to_le_bytes())));
            let ask = Message::Ask(TailAsk {
                rungs: rungs.collect(),
                ..TailAsk::default()
            });
            let packed = packer.pack(&ask).unwrap();
            assert_eq!(unpacker.unpack(&packed), Ok(ask), "{n} places");
        }
        let first = packer.pack(&beat(1_760_000_000_000)).unwrap();
        unpacker.unpack(&first).unwrap();
        let again = packer.pack(&beat(1_760_000_015_000)).unwrap();
        assert!(again.len() < 30, "{} bytes", again.len());
        assert_eq!(unpacker.unpack(&again), Ok(beat(1_760_000_015_000)));
    }

    #[test]
    fn what_is_no_message_is_told_and_does_not_fill_the_memory() {
        let garbled = |bytes: &[u8]| Unpacker::default().unpack(bytes);
        for bytes in [&b""[..], b"hello", &[0x78, 0x01], &[0xff; 100]] {
            assert_eq!(garbled(bytes), Err(Garbled), "{bytes:?}");
        }
        let mut bomb = Vec::with_capacity(1 << 20);
        let zeros = vec![b' '; MESSAGE_BYTES_MAX + ROOM];
        Compress::new(Compression::best(), true)
            .compress_vec(&zeros, &mut bomb, FlushCompress::Sync)
            .unwrap();
        assert!(bomb.len() < 200_000);
        assert_eq!(garbled(&bomb), Err(Garbled));
    }
}
