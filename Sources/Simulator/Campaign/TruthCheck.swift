import DRKit
import Synchronization

/// Asks what would come up if the primary died now, with the recovery code itself and the secondary alone, and holds the answer
/// against what is true at the same instant. It must never be better.
public final class TruthCheck: Sendable {
  private let looks = Mutex(0)

  public init() {}

  /// Answers that were held against the truth.
  public var count: Int { looks.withLock { $0 } }

  /// - Throws: `.stopped` when the life that asks has ended.
  public func look(_ ports: SyncPorts) async throws(DRError) {
    guard let world = (ports.secondary as? SimSecondaryVolume)?.caller.world else { return }
    let assessment: SecondaryAssessment
    do throws(DRError) {
      assessment = try await SecondaryInspection(volume: ports.secondary).assess()
    } catch {
      if error.endsIncarnation { throw error }
      // An empty secondary holds no domain to judge; one that can't be reached gives no answer.
      return
    }
    if world.isUnknowable { return }
    looks.withLock { $0 += 1 }
    for domain in assessment.domains {
      for image in domain.images { judge(image, domain, world) }
    }
  }

  private func judge(_ image: ImageAssessment, _ domain: DomainAssessment, _ world: SimulatedWorld) {
    guard let claim = image.claim(in: domain) else { return }
    let wrongs = world.oracle.complaints(
      about: claim, domain: domain.id, secondary: world.session.secondary)
    for wrong in wrongs { world.lie("an assessment calls \(image.disk) whole: \(wrong)", at: world.loop.now) }
  }
}

extension ImageAssessment {
  /// The point of this image alone that an assessment claims by calling it whole; nil where it does not.
  func claim(in domain: DomainAssessment) -> RecoveryPoint? {
    guard verdict == .whole, let point = domain.point, let machine else { return nil }
    return RecoveryPoint(
      run: run ?? .blank, key: point.key, instant: point.instant, sealed: point.sealed,
      images: [
        SealedImage(
          machine: machine, disk: disk, volume: chain.first ?? .blank, digest: FileDigest(size: 0, sha256: "")
        )
      ], notInPoint: [])
  }
}
