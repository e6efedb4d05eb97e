/// The records of one storage domain's runs at the secondary: `.drkit-points/<domain>/`.
struct PointRecords: Sendable, Hashable {
  /// In the order of the runs, oldest first.
  var intents: [Intent] = []
  /// In the order of the runs, oldest first.
  var manifests: [Manifest] = []
  var unreadable: [Unreadable] = []

  struct Unreadable: Sendable, Hashable {
    var path: String
    var run: RunID
    var error: DRError
  }

  var newestManifest: Manifest? { manifests.last }
  var newestIntent: Intent? { intents.last }
  func intent(of run: RunID) -> Intent? { intents.last { $0.run == run } }

  /// Where a run stands in the order; nil for a manifest of a version that wrote no intents: those are older than any intent.
  func sequence(of run: RunID) -> Int64? { intent(of: run)?.sequence }

  /// Every run that is named, in order of its id.
  var runs: [RunID] {
    Set(intents.map(\.run) + manifests.map(\.point.run) + unreadable.map(\.run)).sorted()
  }

  static func directory(_ domain: StorageDomainID) -> String { "\(DomainLayout.points)/\(domain)" }

  /// What a file name in the directory is, or nil for anything that drkit did not write under this name.
  static func kind(of name: String) -> (run: RunID, isIntent: Bool)? {
    for (suffix, isIntent) in [(".intent.json", true), (".json", false)] where name.hasSuffix(suffix) {
      let stem = name.dropLast(suffix.count)
      guard let run = RunID(stem), run.description == stem else { return nil }
      return (run, isIntent)
    }
    return nil
  }

  /// Reads them all. What can't be decoded is listed, not thrown: one bad file must not hide the others.
  static func read(_ view: any VolumeView, _ domain: StorageDomainID) async throws(DRError) -> PointRecords {
    try await read(view, domain, manifests: true)
  }

  /// The intents alone: manifests hold every machine's configuration.
  static func readIntents(
    _ view: any VolumeView, _ domain: StorageDomainID
  ) async throws(DRError) -> PointRecords {
    try await read(view, domain, manifests: false)
  }

  private static func read(
    _ view: any VolumeView, _ domain: StorageDomainID, manifests: Bool
  ) async throws(DRError) -> PointRecords {
    var records = PointRecords()
    for name in try await view.list(directory(domain)) ?? [] {
      guard let (run, isIntent) = kind(of: name), isIntent || manifests else { continue }
      let path = "\(directory(domain))/\(name)"
      guard let bytes = try await view.readWhole(path) else { continue }
      do throws(DRError) {
        if isIntent {
          records.intents.append(try RecordCoding.intent(bytes, path: path))
        } else {
          records.manifests.append(try RecordCoding.manifest(bytes, path: path))
        }
      } catch {
        records.unreadable.append(Unreadable(path: path, run: run, error: error))
      }
    }
    records.intents.sort { ($0.sequence, $0.run) < ($1.sequence, $1.run) }
    let order = records
    records.manifests.sort { a, b in
      let (first, second) = (order.sequence(of: a.point.run) ?? 0, order.sequence(of: b.point.run) ?? 0)
      return (first, a.point.sealed, a.point.run) < (second, b.point.sealed, b.point.run)
    }
    return records
  }
}

/// Keeps the records bounded: of the runs that are older than the newest `kept`, nothing is needed any more.
enum RecordPruning {
  static let kept = 10

  /// File names that may go, the run in hand's never among them. A record that can't be read is older than the point that
  /// was just sealed over it, but its place in the order is not known: it goes first.
  static func superfluous(_ records: PointRecords, sealing run: RunID, names: [String]) -> [String] {
    let others = Set(names.compactMap { PointRecords.kind(of: $0)?.run }).subtracting([run])
    let order = others.map { (sequence: records.sequence(of: $0) ?? 0, run: $0) }
      .sorted { ($0.sequence, $0.run) > ($1.sequence, $1.run) }
    return order.dropFirst(max(0, kept - 1)).flatMap { old in
      names.filter { PointRecords.kind(of: $0)?.run == old.run }
    }
  }
}

extension VolumeView {
  /// The whole of a file of any size up to `limit`; nil when it does not exist.
  /// - Throws: `.refused` for a larger one.
  func readWhole(_ path: String, limit: Int64 = 256 << 20) async throws(DRError) -> [UInt8]? {
    guard let size = try await size(of: path) else { return nil }
    guard size <= limit else {
      throw DRError(
        .refused, "read a file", path,
        reason: "\(size) bytes, more than \(limit >> 20) MiB are not expected here")
    }
    guard size > 1 << 20 else { return try await read(path) }
    var bytes: [UInt8] = []
    while Int64(bytes.count) < size {
      let part = try await read(path, at: Int64(bytes.count), count: 1 << 20)
      guard let part, !part.isEmpty else {
        throw DRError(.disproved, "read a file", path, reason: "\(bytes.count) of \(size) bytes can be read")
      }
      bytes += part
    }
    return bytes
  }
}
