/// A view whose calls are tried again one by one: of many questions in a row, on a bad line, rarely all are answered at the
/// first try. A view that is gone for good fails all the same; whoever holds it takes a fresh one.
struct PatientView: VolumeView {
  let base: any VolumeView
  let durable: Durable

  private static let attempts = 3

  private func retrying<T>(_ body: () async throws(DRError) -> T) async throws(DRError) -> T {
    var retry = durable.retry
    retry.attempts = min(retry.attempts, Self.attempts)
    return try await retry.retrying(durable.clock, durable.observer) { () async throws(DRError) in
      try durable.lease?.check()
      return try await body()
    }
  }

  func read(_ path: String) async throws(DRError) -> [UInt8]? {
    try await retrying { () async throws(DRError) in try await base.read(path) }
  }

  func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await retrying { () async throws(DRError) in
      try await base.read(path, at: offset, count: count)
    }
  }

  func list(_ directory: String) async throws(DRError) -> [String]? {
    try await retrying { () async throws(DRError) in try await base.list(directory) }
  }

  func size(of path: String) async throws(DRError) -> Int64? {
    try await retrying { () async throws(DRError) in try await base.size(of: path) }
  }

  func digest(of path: String) async throws(DRError) -> FileDigest? {
    try await retrying { () async throws(DRError) in try await base.digest(of: path) }
  }

  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError) {
    try await retrying { () async throws(DRError) in try await base.replace(path, with: bytes) }
  }

  func remove(_ path: String) async throws(DRError) {
    try await retrying { () async throws(DRError) in try await base.remove(path) }
  }

  func space() async throws(DRError) -> VolumeSpace {
    try await retrying { () async throws(DRError) in try await base.space() }
  }

  func close() async { await base.close() }
}

extension Durable {
  /// A fresh view, each of whose calls is tried again.
  func patient(
    _ open: () async throws(DRError) -> any VolumeView
  ) async throws(DRError) -> any VolumeView {
    let base = try await retrying { () async throws(DRError) in try await open() }
    return PatientView(base: base, durable: self)
  }
}
