import DRKit
import Foundation

@testable import StateStore

/// A path for a database in a directory of its own, removed at the end.
func withDatabase<T>(_ body: (String) async throws -> T) async throws -> T {
  let directory = NSTemporaryDirectory() + "drkit-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try await body(directory + "/state.sqlite")
}

let key = DestinationKey(domain: "vmstore", destination: "elsewhere")

func id<Kind>(_ number: UInt64) -> Identifier<Kind> { Identifier(high: 7, low: number) }

func at(_ seconds: Int64) -> Instant { Instant(epochSeconds: 1_795_000_000 + seconds) }
