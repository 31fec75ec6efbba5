// Command codec drives franz-go's codec for milena-bench: its package kmsg, and kgo for reading batches.
//
// It says "ready" and the rows it does, then answers each line "row times" with nanoseconds of CPU time. The argument
// is the folder with the inputs.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	sink       int
)

func main() {
	input := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(os.Args[1], name))
		check(err)
		return content
	}
	batchA, batchB := input("batch-a"), input("batch-b")
	rows := map[string]func(){
		"a-encode":        encode(batchA),
		"a-read":          read(batchA),
		"a-own":           read(batchA),
		"b-encode":        encode(batchB),
		"b-read":          read(batchB),
		"produce-encode":  encodeProduce(batchA, input("produce-v9")),
		"produce-splice":  encodeProduce(batchA, input("produce-v9")),
		"produce-decode":  decodeProduce(input("produce-v9")),
		"metadata-encode": encodeMetadata(input("metadata-v12")),
		"metadata-decode": decodeMetadata(input("metadata-v12")),
	}
	var names []string
	for name := range rows {
		names = append(names, name)
	}
	fmt.Println("ready", strings.Join(names, " "))

	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		var (
			name  string
			times int
		)
		_, err := fmt.Sscan(orders.Text(), &name, &times)
		check(err)
		turn := rows[name]
		start := cpu()
		for range times {
			turn()
		}
		fmt.Println(cpu() - start)
	}
}

// cpu is the time of the whole process: collecting garbage is part of the price.
func cpu() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func mustEqual(what string, got, want []byte) {
	if !bytes.Equal(got, want) {
		panic(what + " differs from the input")
	}
}

// recordsOf reads a batch into the values that encode writes again.
func recordsOf(batch []byte) (header kmsg.RecordBatch, records []kmsg.Record) {
	check(header.ReadFrom(batch))
	records = make([]kmsg.Record, header.NumRecords)
	rest := header.Records
	for i := range records {
		size, width := binary.Varint(rest)
		check(records[i].ReadFrom(rest[:width+int(size)]))
		rest = rest[width+int(size):]
	}
	header.Records = nil
	return header, records
}

func varintSize(value int64) int32 {
	bits := uint64(value<<1) ^ uint64(value>>63)
	size := int32(1)
	for ; bits >= 0x80; bits >>= 7 {
		size++
	}
	return size
}

func encode(batch []byte) func() {
	header, records := recordsOf(batch)
	var buffer []byte
	write := func() {
		buffer = header.AppendTo(buffer[:0])
		for i := range records {
			record := kmsg.Record{
				TimestampDelta64: records[i].TimestampDelta64,
				OffsetDelta:      int32(i),
				Key:              records[i].Key,
				Value:            records[i].Value,
			}
			record.Length = 1 + varintSize(record.TimestampDelta64) + varintSize(int64(i)) +
				varintSize(int64(len(record.Key))) + int32(len(record.Key)) +
				varintSize(int64(len(record.Value))) + int32(len(record.Value)) + 1
			buffer = record.AppendTo(buffer)
		}
		binary.BigEndian.PutUint32(buffer[8:], uint32(len(buffer)-12))
		binary.BigEndian.PutUint32(buffer[17:], crc32.Checksum(buffer[21:], castagnoli))
	}
	write()
	mustEqual("the batch", buffer, batch)
	return write
}

func read(batch []byte) func() {
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.RecordBatches = batch
	options := kgo.ProcessFetchPartitionOpts{Topic: "topic"}
	decompressor := kgo.DefaultDecompressor()
	return func() {
		fetched, _ := kgo.ProcessFetchPartition(options, &partition, decompressor, nil)
		check(fetched.Err)
		for _, record := range fetched.Records {
			sink += len(record.Key) + len(record.Value)
		}
	}
}

func encodeProduce(batch, frame []byte) func() {
	request := kmsg.NewPtrProduceRequest()
	request.Version, request.Acks, request.TimeoutMillis = 9, -1, 30_000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "topic"
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Records = batch
	topic.Partitions = append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)

	formatter := kmsg.NewRequestFormatter(kmsg.FormatterClientID("bench"))
	buffer := formatter.AppendRequest(nil, request, 7)
	mustEqual("the produce request", buffer, frame)
	return func() { buffer = formatter.AppendRequest(buffer[:0], request, 7) }
}

// decodeProduce reads the body only: kmsg has no reader of request headers.
func decodeProduce(frame []byte) func() {
	// Length, key, version, correlation id, "bench" with its length, no tagged fields.
	const beforeBody = 4 + 2 + 2 + 4 + 2 + 5 + 1
	return func() {
		request := kmsg.ProduceRequest{Version: 9}
		check(request.ReadFrom(frame[beforeBody:]))
		sink += len(request.Topics)
	}
}

func encodeMetadata(body []byte) func() {
	response := kmsg.MetadataResponse{Version: 12}
	check(response.ReadFrom(body))
	buffer := response.AppendTo(nil)
	mustEqual("the metadata response", buffer, body)
	return func() { buffer = response.AppendTo(buffer[:0]) }
}

func decodeMetadata(body []byte) func() {
	return func() {
		response := kmsg.MetadataResponse{Version: 12}
		check(response.ReadFrom(body))
		sink += len(response.Topics)
	}
}
