import DRKit
import Foundation
import GlusterCLI
import GlusterFiles
import Synchronization
import Testing

@testable import Agent

@Suite("Digests on many threads")
struct DigestJobTests {
  private func digests(
    _ directory: String, _ plan: DigestPlan, threads: Int = 4, rate: Int64? = nil,
    listener: DigestJob.Listener = .none, readAt: BlockReader.ReadAt? = nil
  ) throws(DRError) -> BlockDigests? {
    try DigestJob(
      try VolumePath("disk"), in: try DirectoryHandle(path: directory), plan, threads: threads, rate: rate,
      readAt: readAt
    ).run(listener)
  }

  @Test(
    "of one block are SHA-256 of the whole file",
    arguments: [1, 1 << 20, (1 << 20) + 1, 3_333_333])
  func wholeFile(_ size: Int) async throws {
    try await withDirectory { directory in
      try write(pattern(size), directory + "/disk")
      let digests = try #require(try digests(directory, DigestPlan(block: .max)))
      #expect(digests.size == Int64(size))
      #expect(try await digests.blocks.map(\.hash.hexadecimal) == [sha256sum(directory + "/disk")])
    }
  }

  @Test("of many blocks are SHA-256 of each, whoever reads and with however many threads")
  func blocks() async throws {
    try await withDirectory { directory in
      let bytes = pattern(5_000_000)
      try write(bytes, directory + "/disk")
      let block = 1_300_000
      var wanted: [String] = []
      for start in stride(from: 0, to: bytes.count, by: block) {
        try write(Array(bytes[start..<min(start + block, bytes.count)]), directory + "/part")
        wanted.append(try await sha256sum(directory + "/part"))
      }
      let plan = DigestPlan(block: Int64(block))
      let one = try #require(try digests(directory, plan, threads: 1))
      #expect(one.blocks.map(\.hash.hexadecimal) == wanted)
      #expect(one.blocks.map(\.index) == [0, 1, 2, 3])
      #expect(try digests(directory, plan, threads: 7) == one)
      // Through a view of the executor, as a site without an agent does it.
      let view = try GlusterVolumeView(directory: directory)
      #expect(try await view.digests(of: "disk", plan) == one)
      #expect(try await view.digest(of: "disk")?.sha256 == (try await sha256sum(directory + "/disk")))
      let some = DigestPlan(block: Int64(block), sample: BlockSample(count: 2, seed: 5))
      let sampled = try #require(try digests(directory, some))
      #expect(sampled.blocks == one.blocks.filter { some.indices(size: 5_000_000).contains($0.index) })
      #expect(try await view.digests(of: "disk", some) == sampled)
      #expect(try await view.digests(of: "nothing", plan) == nil)
      await view.close()
    }
  }

  @Test("of holes are those of zeros")
  func holes() async throws {
    try await withDirectory { directory in
      let size = 6 << 20
      #expect(FileManager.default.createFile(atPath: directory + "/disk", contents: nil))
      #expect(truncate(directory + "/disk", size) == 0)
      let sparse = try digests(directory, DigestPlan(block: 2 << 20))
      try write([UInt8](repeating: 0, count: size), directory + "/disk")
      #expect(try digests(directory, DigestPlan(block: 2 << 20)) == sparse)
      #expect(Set(sparse?.blocks.map(\.hash) ?? []).count == 1)
    }
  }

  @Test("of an empty file have no block, of a missing one are none")
  func nothing() async throws {
    try await withDirectory { directory in
      #expect(try digests(directory, DigestPlan(block: 10)) == nil)
      try write([], directory + "/disk")
      #expect(try digests(directory, DigestPlan(block: 10)) == BlockDigests(size: 0, block: 10, blocks: []))
    }
  }

  /// A volume that has lost the third of its shards of 1 MiB: reading it fails as it does on 10.3, or in other ways.
  private func lost(_ code: Int32, times: Int = .max) -> BlockReader.ReadAt {
    let left = Counter(times)
    return { file, buffer, count, offset in
      if Int64(offset) / (1 << 20) == 2, left.take() {
        errno = code
        return -1
      }
      return pread(file, buffer, count, offset)
    }
  }

  private final class Counter: Sendable {
    private let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }
    func take() -> Bool {
      left.withLock { left in
        if left > 0 {
          left -= 1
          return true
        } else {
          return false
        }
      }
    }
  }

  @Test("of a lost shard are an error that disproves and names the place, never zeros")
  func lostShard() async throws {
    try await withDirectory { directory in
      try write(pattern(4 << 20), directory + "/disk")
      let plan = DigestPlan(block: 1 << 20)
      for code in [EROFS, EIO, ENOENT, ESTALE] {
        let error = #expect(throws: DRError.self) { try digests(directory, plan, readAt: lost(code)) }
        #expect(error?.kind == .disproved, "\(code)")
        #expect(error?.reason.contains("byte 2097152") == true)
      }
      for code in [ENOTCONN, ETIMEDOUT] {
        let error = #expect(throws: DRError.self) { try digests(directory, plan, readAt: lost(code)) }
        #expect(error?.kind == .transient, "\(code)")
      }
    }
  }

  @Test("go on when a handle was stale for a moment only")
  func stale() async throws {
    try await withDirectory { directory in
      try write(pattern(4 << 20), directory + "/disk")
      let plan = DigestPlan(block: 1 << 20)
      #expect(try digests(directory, plan, readAt: lost(ESTALE, times: 3)) == digests(directory, plan))
    }
  }

  @Test("of a sample do not see a shard that was not drawn, and do see one that was")
  func sampled() async throws {
    try await withDirectory { directory in
      try write(pattern(8 << 20), directory + "/disk")
      var seen = 0
      for seed in 0..<40 as Range<UInt64> {
        let plan = DigestPlan(block: 1 << 20, sample: BlockSample(count: 2, seed: seed))
        let isDrawn = plan.indices(size: 8 << 20).contains(2)
        do throws(DRError) {
          _ = try digests(directory, plan, readAt: lost(EROFS))
          #expect(!isDrawn)
        } catch {
          #expect(isDrawn && error.kind == .disproved)
          seen += 1
        }
      }
      // 10 on average: k/n is 2/8.
      #expect((3...20).contains(seen), "\(seen)")
    }
  }

  @Test("have at most one MiB a thread in flight, and read each byte once")
  func bounded() async throws {
    try await withDirectory { directory in
      try write(pattern(12 << 20), directory + "/disk")
      struct Flight: Sendable {
        var now = 0
        var most = 0
        var largest = 0
        var bytes = 0
      }
      let flight = SharedValue(Flight())
      let readAt: BlockReader.ReadAt = { file, buffer, count, offset in
        flight.change { state in
          state.now += 1
          state.most = max(state.most, state.now)
          state.largest = max(state.largest, count)
          state.bytes += count
        }
        let got = pread(file, buffer, count, offset)
        flight.change { $0.now -= 1 }
        return got
      }
      _ = try digests(directory, DigestPlan(block: 3 << 20), threads: 3, readAt: readAt)
      let end = flight.value
      #expect(end.most <= 3 && end.largest == 1 << 20 && end.bytes == 12 << 20)
    }
  }

  @Test("of a file that grows meanwhile are transient")
  func growing() async throws {
    try await withDirectory { directory in
      let path = directory + "/disk"
      try write(pattern(2 << 20), path)
      let error = #expect(throws: DRError.self) {
        try digests(
          directory, DigestPlan(block: 1 << 20), threads: 1,
          listener: DigestJob.Listener(begun: { _, _ in }, block: { _ in truncate(path, 3 << 20) }))
      }
      #expect(error?.kind == .transient)
    }
  }
}

/// A value that threads change.
final class SharedValue<Value: Sendable>: Sendable {
  private let content: Mutex<Value>
  init(_ value: Value) { content = Mutex(value) }
  var value: Value { content.withLock { $0 } }
  func change(_ body: (inout Value) -> Void) { content.withLock { body(&$0) } }
}
