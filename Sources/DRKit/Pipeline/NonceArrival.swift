/// Whether the nonces of a pass are at the secondary, as far as can be told while the session runs.
struct NonceArrival: Sendable {
  let context: RunContext
  let pass: String
  let nonces: [Nonce]
  let written: Instant

  /// LAST_SYNCED past the writing says so without a mount; otherwise a fresh look does.
  func isProbable(_ rows: [WorkerStatus], _ subvolumes: [[BrickName]]) async throws(DRError) -> Bool {
    let synced = subvolumes.allSatisfy { bricks in
      rows.contains { row in
        bricks.contains(row.brick) && row.state == .active && row.lastSynced.map { $0 > written } ?? false
      }
    }
    if synced { return true }
    do throws(DRError) {
      return try await complaint(try await context.ports.secondary.view()) == nil
    } catch {
      guard error.kind == .transient || error.kind == .disproved else { throw error }
      return false
    }
  }

  /// What is wrong with the first nonce that is not as written; nil when all are. Closes the view.
  func complaint(_ view: any VolumeView) async throws(DRError) -> (Nonce, String)? {
    try await withView(of: view) { (view) async throws(DRError) in
      for nonce in nonces {
        let bytes = try await view.read(nonce.path)
        if let complaint = NonceText.complaint(bytes, run: context.run, pass: pass) {
          return (nonce, complaint)
        }
      }
      return nil
    }
  }
}
