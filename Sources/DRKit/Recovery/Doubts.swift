/// What speaks against a point still standing: a run that carried bytes, or may have, after it was sealed.
///
/// Two witnesses, either of which is enough: the intents, written before a run's first byte, and the nonces, which only data
/// itself brings.
struct Doubts: Sendable, Hashable {
  private(set) var runs: [RunSummary] = []

  /// - Parameter others: the other domains of the volume: a session carries the whole volume.
  init(_ domain: DomainContent, nonces: [ArrivedNonce], others: [DomainContent]) {
    let records = domain.records
    let point = records.newestManifest?.point
    let sealed = point.flatMap { records.intent(of: $0.run) }
    for intent in records.intents where intent.run != point?.run {
      guard intent.sequence >= sealed?.sequence ?? Int64.min else { continue }
      runs.append(
        RunSummary(
          run: intent.run, began: intent.written, instant: intent.instant,
          evidence: Self.evidence(of: intent, nonces)))
    }
    for unreadable in records.unreadable where unreadable.run != point?.run {
      // Older than the point if it was there before.
      if sealed?.seen.contains(unreadable.run) ?? false { continue }
      if runs.contains(where: { $0.run == unreadable.run }) { continue }
      runs.append(
        RunSummary(run: unreadable.run, evidence: "\(unreadable.path): \(unreadable.error.reason)"))
    }
    addNonces(records, point, nonces)
    addOthers(point, others)
  }

  private static func evidence(of intent: Intent, _ nonces: [ArrivedNonce]) -> String {
    let arrived = nonces.count { $0.text?.run == intent.run && $0.text?.pass == ReplicatePhase.pass }
    guard intent.pass == ReplicatePhase.pass, intent.subvolumes > 0, arrived >= intent.subvolumes else {
      return "its intent is here, and no manifest"
    }
    return
      "its intent is here, and no manifest; all its nonces have arrived, so its data probably has, but nobody proved it"
  }

  private mutating func addNonces(_ records: PointRecords, _ point: RecoveryPoint?, _ nonces: [ArrivedNonce])
  {
    guard let point else { return }
    let session = records.newestIntent?.session
    let directory = session.map { "\(DomainLayout.nonces)/\($0.secondaryHost)-\($0.secondaryVolume)/" }
    for nonce in nonces where directory.map({ nonce.path.hasPrefix($0) }) ?? true {
      guard let text = nonce.text else {
        runs.append(RunSummary(run: nil, evidence: "\(nonce.path) has arrived without its content"))
        continue
      }
      if text.run == point.run || runs.contains(where: { $0.run == text.run }) { continue }
      runs.append(RunSummary(run: text.run, evidence: "its nonce \(nonce.path) has arrived"))
    }
  }

  private mutating func addOthers(_ point: RecoveryPoint?, _ others: [DomainContent]) {
    guard let point else { return }
    for other in others {
      for intent in other.records.intents where intent.written > point.sealed && intent.run != point.run {
        runs.append(
          RunSummary(
            run: intent.run, began: intent.written, instant: nil,
            evidence: "it carried the whole volume, for the storage domain \(intent.domain.name)"))
      }
    }
  }
}
