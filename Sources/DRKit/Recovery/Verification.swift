/// What a volume's content is, held against the digest that a point sealed.
enum VolumeVerification: Sendable, Hashable {
  case equal
  case different(String)
}

/// Digests taken now, by disk and volume.
struct Verification: Sendable, Hashable {
  struct Key: Sendable, Hashable {
    var disk: DiskID
    var volume: VolumeID
  }

  private(set) var results: [Key: VolumeVerification] = [:]

  subscript(_ disk: DiskID, _ volume: VolumeID) -> VolumeVerification? {
    results[Key(disk: disk, volume: volume)]
  }

  /// Compares every volume that the newest point of the domain sealed; reads all of their bytes.
  /// - Parameter progress: told what is about to be read.
  static func make(
    _ domain: DomainContent, _ view: any VolumeView, progress: @Sendable (String, Int64) -> Void
  ) async throws(DRError) -> Verification {
    var verification = Verification()
    guard let point = domain.records.newestManifest?.point else { return verification }
    for image in point.images {
      let volumes = [(image.volume, image.digest)] + (image.below ?? []).map { ($0.volume, $0.digest) }
      for (volume, digest) in volumes {
        let path = domain.layout.volume(volume, of: image.disk)
        progress(path, digest.size)
        verification.results[Key(disk: image.disk, volume: volume)] = try await compare(
          path, digest, of: point.run, view)
      }
    }
    return verification
  }

  private static func compare(
    _ path: String, _ sealed: FileDigest, of run: RunID, _ view: any VolumeView
  ) async throws(DRError) -> VolumeVerification {
    do throws(DRError) {
      guard let now = try await digest(path, like: sealed, of: run, view) else {
        return .different("it is not there")
      }
      guard now.size == sealed.size else {
        return .different("it has \(now.size) bytes, the point sealed \(sealed.size)")
      }
      guard now.sha256 == sealed.sha256 else {
        return .different(
          "its digest is \(now.sha256.prefix(16))…, the point sealed \(sealed.sha256.prefix(16))…")
      }
      return .equal
    } catch {
      // Missing shards.
      guard error.kind == .disproved else { throw error }
      return .different(error.reason)
    }
  }

  /// In the same blocks, and of these the same ones, as when the point was sealed.
  private static func digest(
    _ path: String, like sealed: FileDigest, of run: RunID, _ view: any VolumeView
  ) async throws(DRError) -> FileDigest? {
    guard let block = sealed.block else { return try await view.digest(of: path) }
    var plan = DigestPlan(block: block)
    if let read = sealed.read {
      let seed = Derived.sampleSeed(run: run, path: path)
      plan = DigestPlan(block: block, sample: BlockSample(count: Int(clamping: read), seed: seed))
    }
    return try await view.digests(of: path, plan)?.digest
  }
}
