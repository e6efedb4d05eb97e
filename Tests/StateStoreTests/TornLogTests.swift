import DRKit
import Foundation
import Testing

@testable import StateStore

/// A power cut tears the end of SQLite's write-ahead log; a sick disk damages any of it.
@Suite("A state file whose log is torn")
struct TornLogTests {
  /// sqlite.org/fileformat2.html, "The Write-Ahead Log": a header of 32 bytes, then frames of 24 bytes and a page.
  private static let header = 32
  private static let frame = 24 + 4_096

  /// How many of the steps come back from a log that holds these bytes.
  private func steps(_ file: [UInt8], _ log: some Sequence<UInt8>) async throws -> Int {
    try await withDatabase { path in
      try Data(file).write(to: URL(fileURLWithPath: path))
      try Data(log).write(to: URL(fileURLWithPath: path + "-wal"))
      let store = try StateStore(path: path)
      // Throws for anything but the first so many steps, each with its own value.
      let count = try await StoreParsers.recovered(store)
      // What the main file holds is not touched by it.
      #expect(try await store.newestPoint(DestinationKey(domain: "vms", destination: "dr")) != nil)
      try store.close()
      return count
    }
  }

  private func killed() async throws -> (file: [UInt8], log: [UInt8]) {
    try await withDatabase { path in try await StoreParsers.killed(at: path) }
  }

  /// The steps that are committed by the first frames: a commit ends with a frame that says how large the file is now.
  private func commits(_ log: [UInt8], frames: Int) -> Int {
    (0..<frames).filter { number in
      let at = Self.header + number * Self.frame + 4
      return log[at..<(at + 4)].contains { $0 != 0 }
    }.count
  }

  @Test("keeps every commit before the cut, and nothing of the one that is cut")
  func cut() async throws {
    let (file, log) = try await killed()
    let frames = (log.count - Self.header) / Self.frame
    #expect(frames >= 12 && commits(log, frames: frames) == 12)
    #expect(try await steps(file, log) == 12)
    #expect(try await steps(file, []) == 0)
    for number in 0..<frames {
      let start = Self.header + number * Self.frame
      let whole = commits(log, frames: number)
      for cut in [
        start, start + 1, start + 23, start + 24, start + 25, start + 2_000, start + Self.frame - 1,
      ] {
        #expect(try await steps(file, log.prefix(cut)) == whole, "cut at \(cut), frame \(number)")
      }
    }
  }

  @Test("whose end is zeros, or garbage, is as if it were cut there")
  func overwritten() async throws {
    let (file, log) = try await killed()
    let frames = (log.count - Self.header) / Self.frame
    for number in [0, 1, frames / 2, frames - 1] {
      let start = Self.header + number * Self.frame
      let whole = commits(log, frames: number)
      let rest = log.count - start
      let zeros = Array(log.prefix(start)) + [UInt8](repeating: 0, count: rest)
      let noise = Array(log.prefix(start)) + (0..<rest).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ 13) }
      #expect(try await steps(file, zeros) == whole)
      #expect(try await steps(file, noise) == whole)
    }
  }

  @Test("with one wrong bit keeps what was committed before it")
  func flipped() async throws {
    let (file, log) = try await killed()
    for at in stride(from: Self.header + 7, to: log.count, by: 2_777) {
      var bad = log
      bad[at] ^= 0x10
      let frame = (at - Self.header) / Self.frame
      #expect(try await steps(file, bad) == commits(log, frames: frame), "byte \(at)")
    }
    // In the header: the whole log is none.
    for at in [0, 8, 16, 24] {
      var bad = log
      bad[at] ^= 0x10
      #expect(try await steps(file, bad) == 0, "byte \(at)")
    }
  }
}
