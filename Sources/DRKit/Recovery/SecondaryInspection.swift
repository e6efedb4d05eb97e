/// Looks at a secondary volume and judges what is on it. Needs the volume and nothing else, and changes nothing.
public struct SecondaryInspection: Sendable {
  let volume: any SecondaryVolume
  let primaryPool: String?

  /// - Parameter primaryPool: the primary's data center (`POOL_UUID`), for volumes on which no run recorded it.
  public init(volume: any SecondaryVolume, primaryPool: String? = nil) {
    self.volume = volume
    self.primaryPool = primaryPool
  }

  /// - Parameters:
  ///   - wanted: a domain's id, its name, or the name that drkit's configuration gives it; nil for all.
  ///   - verify: read every byte of the newest point and compare digests. May take hours.
  ///   - progress: told each volume before its bytes are read, with its size.
  /// - Throws: `.missing` when no such domain is on the volume; what the volume throws.
  public func assess(
    _ wanted: String? = nil, verify: Bool = false,
    progress: @escaping @Sendable (String, Int64) -> Void = { _, _ in }
  ) async throws(DRError) -> SecondaryAssessment {
    try await withView(of: try await volume.view()) { (view) async throws(DRError) in
      let content = try await SecondaryScan(view: view).content()
      var assessor = Assessor(content: content, primaryPool: primaryPool)
      let chosen = content.domains.filter { wanted == nil || Self.matches($0, wanted ?? "") }
      guard !chosen.isEmpty else {
        let names = content.domains.map { "\($0.name ?? "?") (\($0.id))" }.joined(separator: ", ")
        throw DRError(
          .missing, "find the storage domain", wanted ?? "",
          reason: wanted == nil ? "no storage domain is on the volume" : "it is not on the volume",
          remedy: names.isEmpty ? "see that this is the secondary volume" : "on it: \(names)")
      }
      if verify {
        for domain in chosen {
          assessor.verified[domain.id] = try await Verification.make(domain, view, progress: progress)
        }
      }
      return SecondaryAssessment(domains: chosen.map(assessor.assess))
    }
  }

  private static func matches(_ domain: DomainContent, _ wanted: String) -> Bool {
    domain.id.description == wanted || domain.name == wanted
      || domain.records.intents.contains { $0.key.domain == wanted || $0.domain.name == wanted }
      || domain.records.manifests.contains { $0.point.key.domain == wanted }
  }
}

/// Whether a session's workers are at rest, asked at the primary.
public enum SessionSilence {
  /// Nil when no worker shows, or no session exists; otherwise what speaks against it.
  /// - Throws: `.transient` when the primary can't be asked.
  public static func complaint(_ georep: any GeoReplication) async throws(DRError) -> String? {
    do throws(DRError) {
      let rows = try await georep.status()
      return SessionQuiet.complaint(rows, subvolumes: try await georep.primaryGeometry().subvolumes)
    } catch {
      guard error.kind == .missing else { throw error }
      return nil
    }
  }
}
