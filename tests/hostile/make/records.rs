//! Record batches that mean harm.

use protocol::{
    names::ProducerId,
    records::{
        BatchBuilder, BatchOptions, Compression, Compressor, HEADER_SIZE, Header, LegacyBuilder,
        LegacyFormat, set_producer,
    },
};

use super::Case;

const BATCH_LENGTH: usize = 8;
const MAGIC: usize = 16;
const CRC: usize = 17;
const ATTRIBUTES: usize = 21;
const LAST_OFFSET_DELTA: usize = 23;
const BASE_SEQUENCE: usize = 53;
const COUNT: usize = 57;
const MIB: usize = 1 << 20;

/// Batches without compression.
#[rustfmt::skip] // One case, one line.
pub(super) fn plain() -> Vec<Case> {
    let good = good_batch;
    let patched = |at: usize, bytes: &[u8]| {
        let mut batch = good();
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        batch
    };
    let fixed = |at: usize, bytes: &[u8]| with_crc(patched(at, bytes));
    // One record of these bytes, which begin after its length.
    let record = |body: &[u8]| with_records(1, &[&zigzag(body.len() as i64)[..], body].concat(), 0);
    let raw = |bytes: &[u8]| with_records(1, bytes, 0);
    let case = |file, expect, what, bytes| Case {
        file,
        decode_as: "record_batch",
        expect,
        max_alloc_mib: 1,
        what,
        bytes,
    };
    let endless = &[0xff; 12][..];
    vec![
        case("good_batch.bin", "ok", "valid: three records with headers", good()),
        case("good_two_batches.bin", "ok", "valid: two batches", [good(), good()].concat()),
        case("good_no_records.bin", "ok", "valid: a batch whose records were compacted away", with_records(0, &[], 0)),
        case("good_nothing.bin", "ok", "valid: no bytes at all", Vec::new()),
        case("cut_second_batch.bin", "error", "the second batch ends 1 byte early", cut([good(), good()].concat(), 1)),
        case("cut_in_length.bin", "error", "10 bytes of a batch", good()[..10].to_vec()),
        case("cut_zeros_after.bin", "error", "a batch, then 5 zero bytes", [good(), vec![0; 5]].concat()),
        case("zeros_1k.bin", "error", "1 KiB of zeros: a length of 0 and magic 0", vec![0; 1024]),
        case("ones_1k.bin", "error", "1 KiB of 0xff", vec![0xff; 1024]),
        case("length_negative.bin", "error", "batchLength -1", patched(BATCH_LENGTH, &[0xff; 4])),
        case("length_min.bin", "error", "batchLength -2^31", patched(BATCH_LENGTH, &[0x80, 0, 0, 0])),
        case("length_48.bin", "error", "batchLength 48, one byte less than a header", patched(BATCH_LENGTH, &48_u32.to_be_bytes())),
        case("length_2g.bin", "error", "batchLength 2^31-1", patched(BATCH_LENGTH, &i32::MAX.to_be_bytes())),
        case("magic_3.bin", "error", "magic 3", patched(MAGIC, &[3])),
        case("magic_minus_1.bin", "error", "magic -1", patched(MAGIC, &[0xff])),
        case("crc_zero.bin", "error", "checksum 0", patched(CRC, &[0; 4])),
        case("codec_5.bin", "error", "compression 5, which there is not", fixed(ATTRIBUTES, &[0, 5])),
        case("codec_7.bin", "error", "compression 7, which there is not", fixed(ATTRIBUTES, &[0, 7])),
        case("attributes_all.bin", "any", "all unused attribute bits set", fixed(ATTRIBUTES, &[0xff, 0xf8])),
        case("count_negative.bin", "error", "record count -1", fixed(COUNT, &[0xff; 4])),
        case("count_min.bin", "error", "record count -2^31", fixed(COUNT, &[0x80, 0, 0, 0])),
        case("count_2g.bin", "error", "record count 2^31-1", fixed(COUNT, &i32::MAX.to_be_bytes())),
        case("count_less.bin", "error", "record count 2, three present", fixed(COUNT, &2_u32.to_be_bytes())),
        case("count_0_with_records.bin", "error", "record count 0, three present", fixed(COUNT, &[0; 4])),
        case("last_delta_min.bin", "any", "lastOffsetDelta -2^31", fixed(LAST_OFFSET_DELTA, &[0x80, 0, 0, 0])),
        case("base_offset_max.bin", "any", "base offset 2^63-1, so that offsets overflow", patched(0, &i64::MAX.to_be_bytes())),
        case("sequence_wraps.bin", "ok", "valid: base sequence 2^31-1, the next is 0", fixed(BASE_SEQUENCE, &i32::MAX.to_be_bytes())),
        case("sequence_min.bin", "any", "base sequence -2^31", fixed(BASE_SEQUENCE, &[0x80, 0, 0, 0])),
        case("record_length_negative.bin", "error", "record length -1", raw(&[1, 0, 0, 0, 1, 1, 0])),
        case("record_length_2g.bin", "error", "record length 2^31-1", raw(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 1, 1, 0])),
        case("record_length_0.bin", "error", "record length 0, then what looks like fields", raw(&[0, 0, 0, 0, 1, 1, 0])),
        case("record_longer.bin", "error", "a record with 1 byte that no field uses", record(&[0, 0, 0, 1, 1, 0, 9])),
        case("record_shorter.bin", "error", "a record that ends before its header count", record(&[0, 0, 0, 1, 1])),
        case("record_length_endless.bin", "error", "a record length of 12 bytes that all say there is more", raw(endless)),
        case("timestamp_endless.bin", "error", "a timestamp delta of 12 bytes that all say there is more", record(&[&[0][..], endless, &[0, 1, 1, 0]].concat())),
        case("timestamp_10_bytes.bin", "any", "a timestamp delta of 10 bytes, the last with too many bits", record(&[&[0][..], &[0xff; 9], &[0x7f, 0, 1, 1, 0]].concat())),
        case("offset_overflows.bin", "error", "an offset delta of 5 bytes, the last with too many bits", record(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, 0])),
        case("key_length_minus_2.bin", "error", "key length -2", record(&[0, 0, 0, 3, 1, 0])),
        case("value_length_min.bin", "error", "value length -2^31", record(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0])),
        case("value_past_record.bin", "error", "a value that reaches past its record", record(&[0, 0, 0, 1, 20, 0])),
        case("header_count_2g.bin", "error", "header count 2^31-1", record(&[0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f])),
        case("header_count_min.bin", "error", "header count -2^31", record(&[0, 0, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f])),
        case("header_key_null.bin", "error", "a header whose key is null", record(&[0, 0, 0, 1, 1, 2, 1, 1])),
        case("header_key_past.bin", "error", "a header key that reaches past its record", record(&[0, 0, 0, 1, 1, 2, 100, 1])),
        case("headers_20k.bin", "ok", "20,000 headers of 2 bytes in one record", many_headers(20_000)),
        case("records_minimal_30k.bin", "ok", "30,000 records of 7 bytes", with_records(30_000, &[12, 0, 0, 0, 1, 1, 0].repeat(30_000), 0)),
        case("control_garbage.bin", "any", "a control batch whose key is no control key", fixed(ATTRIBUTES, &[0, 0x20])),
        case("batches_empty_5k.bin", "ok", "5,000 batches without records", with_records(0, &[], 0).repeat(5_000)),
    ]
}

/// Compressed batches: bombs first, then framings that lie.
#[rustfmt::skip] // One case, one line.
pub(super) fn packed() -> Vec<Case> {
    let case = |file, expect, max_alloc_mib, what, bytes| Case {
        file,
        decode_as: "record_batch",
        expect,
        max_alloc_mib,
        what,
        bytes,
    };
    use Compression::{Gzip, Lz4, Snappy, Zstd};
    // A stream as it is, where records compressed by that codec should be.
    let stream = |codec: Compression, bytes: &[u8]| with_records(1, bytes, codec.id().into());
    let bomb = |codec: Compression| stream(codec, &compressed(codec, &one_record(33 * MIB)));
    let fits = |codec: Compression, mib: usize| stream(codec, &compressed(codec, &one_record(mib * MIB)));
    let tiny = |codec: Compression| compressed(codec, &one_record(3));
    let seven = [12, 0, 0, 0, 1, 1, 0];
    let many = 32 * MIB / seven.len();

    let mut gzip_crc = tiny(Gzip);
    let trailer = gzip_crc.len() - 8;
    gzip_crc[trailer] ^= 1;
    let mut gzip_size = tiny(Gzip);
    gzip_size[trailer + 4..].copy_from_slice(&[0xff; 4]);
    let trailing = |size: u32| {
        let mut stream = compressed(Gzip, &one_record(31 * MIB));
        let end = stream.len() - 4;
        stream[end..].copy_from_slice(&size.to_le_bytes());
        stream
    };
    let two_members = {
        let record = one_record(31 * MIB);
        let (first, second) = record.split_at(16 * MIB);
        [compressed(Gzip, first), compressed(Gzip, second)].concat()
    };
    let gzip_name = [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0xff][..], &[b'a'; 50_000]].concat();
    let nothing = compressed(Gzip, &[]);
    let xerial = |blocks: &[u8]| [&b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"[..], blocks].concat();
    let mut xerial_later = xerial(&[0, 0, 0, 0]);
    xerial_later[15] = 2;
    let mut lz4_dependent = tiny(Lz4);
    lz4_dependent[4] &= !0x20;
    let mut lz4_checksum = tiny(Lz4);
    lz4_checksum[6] ^= 1;
    // Frames of blocks of 4 MiB at most, with the descriptor's checksum.
    let lz4 = |blocks: &[u8]| [&[4, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73][..], blocks].concat();
    // A window of 1 KiB and no size. An RLE block: one byte that stands for 128 KiB.
    let zstd = |blocks: &[u8]| [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0][..], blocks].concat();
    let rle = |last: u32| [&((128 << 10) << 3 | 1 << 1 | last).to_le_bytes()[..3], &[0]].concat();
    vec![
        case("bomb_gzip_33m.bin", "error", 40, "a value of 33 MiB", bomb(Gzip)),
        case("bomb_lz4_33m.bin", "error", 48, "a value of 33 MiB", bomb(Lz4)),
        case("bomb_zstd_33m.bin", "error", 40, "a value of 33 MiB", bomb(Zstd)),
        case("large_gzip_24m.bin", "ok", 64, "valid: a value of 24 MiB", fits(Gzip, 24)),
        case("large_snappy_8m.bin", "ok", 24, "valid: a value of 8 MiB", fits(Snappy, 8)),
        case("large_lz4_24m.bin", "ok", 64, "valid: a value of 24 MiB", fits(Lz4, 24)),
        case("large_zstd_24m.bin", "ok", 64, "valid: a value of 24 MiB", fits(Zstd, 24)),
        case("records_zstd_4m.bin", "ok", 40, "valid: 4.7 million records of 7 bytes, in 3 KiB", with_records(many as i32, &compressed(Zstd, &seven.repeat(many)), 4)),
        case("records_zstd_lie.bin", "error", 40, "the same, and the count is one too high", with_records(many as i32 + 1, &compressed(Zstd, &seven.repeat(many)), 4)),
        case("bomb_zstd_rle.bin", "error", 40, "300 blocks of 4 bytes that give 128 KiB each", stream(Zstd, &zstd(&[rle(0).repeat(299), rle(1)].concat()))),
        case("bomb_twice.bin", "error", 40, "two batches with bombs", bomb(Zstd).repeat(2)),
        case("gzip_10k_members.bin", "any", 40, "10,000 gzip members that hold nothing", stream(Gzip, &nothing.repeat(10_000))),
        case("gzip_crc.bin", "error", 1, "the checksum in the trailer is wrong", stream(Gzip, &gzip_crc)),
        case("gzip_size_lies.bin", "any", 1, "the trailer says 2^32-1 bytes", stream(Gzip, &gzip_size)),
        case("gzip_size_less.bin", "error", 36, "31 MiB, and the trailer says 16", stream(Gzip, &trailing(16 << 20))),
        case("gzip_size_1_less.bin", "error", 36, "31 MiB, and the trailer says 1 byte less", stream(Gzip, &trailing((31 << 20) - 1))),
        case("gzip_two_members.bin", "ok", 36, "valid: 31 MiB in two members, of which the trailer tells one", stream(Gzip, &two_members)),
        case("gzip_name_endless.bin", "error", 40, "a file name of 50,000 bytes that does not end", stream(Gzip, &gzip_name)),
        case("gzip_cut.bin", "error", 1, "the stream ends 9 bytes early", stream(Gzip, &cut(tiny(Gzip), 9))),
        case("gzip_then_garbage.bin", "any", 1, "garbage after the member", stream(Gzip, &[tiny(Gzip), vec![7; 40]].concat())),
        case("gzip_nothing.bin", "error", 1, "nothing where one record should be", stream(Gzip, &nothing)),
        case("gzip_no_stream.bin", "error", 1, "not even a stream", stream(Gzip, &[])),
        case("snappy_claims_more.bin", "error", 1, "raw snappy that claims 100 bytes and has 3", stream(Snappy, &[100, 8, b'a', b'b', b'c'])),
        case("snappy_copy_before_start.bin", "error", 1, "raw snappy with a copy from before its start", stream(Snappy, &[20, 0xfe, 0xff, 0xff])),
        case("snappy_varint.bin", "error", 1, "raw snappy whose size is a varint of 12 bytes", stream(Snappy, &[0xff; 12])),
        case("xerial_version_2.bin", "error", 1, "xerial framing of version 2", stream(Snappy, &xerial_later)),
        case("xerial_negative.bin", "error", 1, "an xerial block of -1 bytes", stream(Snappy, &xerial(&[0xff; 4]))),
        case("xerial_block_past.bin", "error", 1, "an xerial block that reaches past the batch", stream(Snappy, &xerial(&[0, 0, 1, 0, 3]))),
        case("xerial_30k_empty.bin", "any", 8, "30,000 empty xerial blocks", stream(Snappy, &xerial(&[0; 120_000]))),
        case("xerial_bomb.bin", "error", 40, "1,000 xerial blocks that claim 64 KiB each", stream(Snappy, &xerial(&[&[0, 0, 0, 4][..], &[0x80, 0x80, 4, 0]].concat().repeat(1000)))),
        case("lz4_dependent.bin", "error", 1, "lz4 blocks that depend on others, which Java refuses", stream(Lz4, &lz4_dependent)),
        case("lz4_checksum.bin", "error", 1, "the checksum of the lz4 descriptor is wrong", stream(Lz4, &lz4_checksum)),
        case("lz4_block_past.bin", "error", 8, "an lz4 block that reaches past the batch", stream(Lz4, &lz4(&[0, 0, 0x10, 0, 1, 2]))),
        case("lz4_block_too_large.bin", "error", 8, "an lz4 block of 2^31-1 bytes", stream(Lz4, &lz4(&[0xff, 0xff, 0xff, 0x7f, 1, 2]))),
        case("lz4_30k_blocks.bin", "any", 16, "30,000 stored lz4 blocks of 1 byte", stream(Lz4, &lz4(&[[1, 0, 0, 0x80, 0].repeat(30_000), vec![0; 4]].concat()))),
        case("lz4_no_end.bin", "error", 1, "lz4 without its end mark", stream(Lz4, &cut(tiny(Lz4), 4))),
        case("lz4_copy_before_start.bin", "error", 8, "an lz4 copy from before its start", stream(Lz4, &lz4(&[5, 0, 0, 0, 0x1f, b'a', 9, 0, 0, 0, 0, 0, 0]))),
        case("zstd_skippable_20k.bin", "error", 8, "20,000 skippable zstd frames of nothing", stream(Zstd, &[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0].repeat(20_000))),
        case("zstd_skippable_past.bin", "error", 1, "a skippable zstd frame of 2^32-1 bytes", stream(Zstd, &[0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff])),
        case("zstd_content_2_60.bin", "error", 1, "a zstd frame that claims 2^60 bytes", stream(Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x29, 0, 0, 1, 2, 3, 4, 5])),
        case("zstd_reserved_block.bin", "error", 1, "a zstd block of a kind that there is not", stream(Zstd, &zstd(&[7, 0, 0]))),
        case("zstd_dictionary.bin", "error", 1, "a zstd frame that needs a dictionary", stream(Zstd, &[0x28, 0xb5, 0x2f, 0xfd, 0x01, 0, 9, 0x29, 0, 0, 1, 2, 3, 4, 5])),
        case("zstd_in_zstd.bin", "error", 1, "zstd within zstd: the inner one is no record", stream(Zstd, &compressed(Zstd, &tiny(Zstd)))),
        case("codec_mixed_up.bin", "error", 1, "attributes say gzip, the stream is zstd", stream(Gzip, &tiny(Zstd))),
    ]
}

/// Message formats 0 and 1.
#[rustfmt::skip] // One case, one line.
pub(super) fn legacy() -> Vec<Case> {
    let case = |file, expect, max_alloc_mib, what, bytes| Case {
        file,
        decode_as: "record_batch",
        expect,
        max_alloc_mib,
        what,
        bytes,
    };
    let set = |format: LegacyFormat, compression: Compression, value: &[u8]| {
        let mut builder = LegacyBuilder::new(format, compression);
        for offset in 0..3 {
            builder.append(offset, 1000, Some(b"k"), Some(value)).expect("it can be appended");
        }
        builder.build().expect("it can be built").to_vec()
    };
    use Compression::{Gzip, Lz4, None, Snappy};
    use LegacyFormat::{V0, V1};
    // Offset 0, size, checksum 0: refused for whatever is looked at first.
    let message = |size: i32, rest: &[u8]| [&[0; 8][..], &size.to_be_bytes(), &[0; 4], rest].concat();
    vec![
        case("legacy_v0.bin", "ok", 1, "valid: three messages of format 0", set(V0, None, b"v")),
        case("legacy_v1_gzip.bin", "ok", 1, "valid: three messages of format 1 in one, gzip", set(V1, Gzip, b"v")),
        case("legacy_v0_lz4.bin", "ok", 1, "valid: format 0 with the lz4 checksum that covers too much", set(V0, Lz4, b"v")),
        case("legacy_v1_snappy_3m.bin", "ok", 8, "valid: three values of 1 MiB in one message", set(V1, Snappy, &vec![0; MIB])),
        case("legacy_bomb_gzip.bin", "error", 40, "three values of 11 MiB in one message of format 1", set(V1, Gzip, &vec![0; 11 * MIB])),
        case("legacy_bomb_lz4.bin", "error", 48, "three values of 11 MiB in one message of format 0", set(V0, Lz4, &vec![0; 11 * MIB])),
        case("legacy_cut.bin", "error", 1, "the last message ends 1 byte early", cut(set(V1, None, b"v"), 1)),
        case("legacy_crc.bin", "error", 1, "a checksum that is off by one bit", flipped(set(V1, None, b"v"), 12)),
        case("legacy_value_flipped.bin", "error", 1, "a value that is off by one bit", flipped(set(V1, None, b"v"), 35)),
        case("legacy_size_negative.bin", "error", 1, "a message of -1 bytes", message(-1, &[0; 20])),
        case("legacy_size_13.bin", "error", 1, "a message of 13 bytes, one less than the shortest", message(13, &[0; 20])),
        case("legacy_key_2g.bin", "error", 1, "a key of 2^31-1 bytes", message(18, &[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])),
        case("legacy_then_v2.bin", "ok", 1, "valid: a message of format 1, then a batch", [set(V1, None, b"v"), good_batch()].concat()),
    ]
}

/// Three records with headers.
fn good_batch() -> Vec<u8> {
    let mut builder = BatchBuilder::new(Vec::new(), BatchOptions::default());
    for (time, key) in [(1000, "a"), (1001, "b"), (999, "c")] {
        let headers = [Header::new("trace", b"1"), Header { key: "trace", value: None }];
        builder.append(time, Some(key.as_bytes()), Some(b"value"), headers).expect("it can be appended");
    }
    builder.build().expect("it can be built").to_vec()
}

/// A batch of `count` records, so it says, with these bytes behind its header and a checksum that fits.
fn with_records(count: i32, records: &[u8], attributes: i16) -> Vec<u8> {
    let mut batch = good_batch();
    batch.truncate(HEADER_SIZE);
    batch.extend_from_slice(records);
    let length = batch.len() as i32 - 12;
    batch[BATCH_LENGTH..BATCH_LENGTH + 4].copy_from_slice(&length.to_be_bytes());
    batch[ATTRIBUTES..ATTRIBUTES + 2].copy_from_slice(&attributes.to_be_bytes());
    batch[COUNT..COUNT + 4].copy_from_slice(&count.to_be_bytes());
    with_crc(batch)
}

/// Computes the checksum anew, without which no reader would look further.
fn with_crc(mut batch: Vec<u8>) -> Vec<u8> {
    let field = |at: usize| batch[at..].first_chunk().copied().expect("a header is longer than that");
    let sequence = i32::from_be_bytes(field(BASE_SEQUENCE));
    set_producer(&mut batch, ProducerId(-1), -1, sequence).expect("it is of format 2");
    batch
}

/// One record with a value of so many zeros, its length before it.
fn one_record(value: usize) -> Vec<u8> {
    let fields = [&[0, 0, 0, 1][..], &zigzag(value as i64), &vec![0; value], &[0]].concat();
    [zigzag(fields.len() as i64), fields].concat()
}

fn many_headers(count: usize) -> Vec<u8> {
    let fields = [&[0, 0, 0, 1, 1][..], &zigzag(count as i64), &[0, 1].repeat(count)].concat();
    with_records(1, &[zigzag(fields.len() as i64), fields].concat(), 0)
}

fn compressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    // The highest levels that are not slow; the smaller a bomb, the better.
    let level = match compression {
        Compression::Gzip => Some(9),
        Compression::Zstd => Some(12),
        _ => None,
    };
    Compressor::new().compress(compression, level, bytes, &mut output).expect("it can be compressed");
    output
}

fn zigzag(value: i64) -> Vec<u8> {
    let mut rest = (value << 1 ^ value >> 63) as u64;
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn cut(mut bytes: Vec<u8>, by: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - by);
    bytes
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}
