/// One image at a time: what it holds, and what would have to be done.
struct ImageJudge: Sendable {
  let domain: DomainContent
  let doubts: [RunSummary]
  let isLive: Bool
  let verification: Verification
  let nonceRuns: [RunID]

  private var manifest: Manifest? { domain.records.newestManifest }

  /// Every image that is there, and every one that should be.
  func images() -> [ImageAssessment] {
    let sealed = manifest?.point.images.map(\.disk) ?? []
    return Set(domain.images.map(\.disk) + sealed).sorted().map { disk in
      judge(domain.images.first { $0.disk == disk } ?? ImageContent(disk: disk, volumes: []))
    }
  }

  private func judge(_ image: ImageContent) -> ImageAssessment {
    let claims = OverlayClaims(image, in: domain, runs: nonceRuns)
    let plan = ImageRepairPlan.make(image, in: domain, claims: claims)
    let owner = owner(of: image.disk)
    var assessment = ImageAssessment(
      disk: image.disk, alias: owner.alias, machine: owner.machine, machineName: owner.name,
      verdict: .notInPoint, isVerified: false, reasons: [], chain: plan.chain,
      overlays: overlays(image, claims, plan), plan: plan)
    if isLive {
      assessment.verdict = .live
      assessment.reasons = ["an engine works on the domain: this is no copy any more"]
    } else if let sealed = manifest?.point.images.first(where: { $0.disk == image.disk }) {
      judge(image, sealed, &assessment)
    } else {
      judgeUnsealed(image, &assessment)
    }
    return assessment
  }

  // MARK: In the point

  private func judge(_ image: ImageContent, _ sealed: SealedImage, _ assessment: inout ImageAssessment) {
    let volumes = [SealedVolume(volume: sealed.volume, digest: sealed.digest)] + (sealed.below ?? [])
    let results = volumes.map { verification[image.disk, $0.volume] }
    // A digest of the leaf says nothing of what is below it.
    let covers = sealed.below != nil || assessment.chain == [sealed.volume]
    assessment.isVerified = covers && results.allSatisfy { $0 == .equal }
    if let complaint = contentComplaint(image, volumes, results) {
      assessment.verdict = doubts.isEmpty ? .damaged : .halfSynced
      assessment.reasons = [complaint] + doubts.map(Self.words)
    } else if !doubts.isEmpty && !assessment.isVerified {
      assessment.verdict = .halfSynced
      assessment.reasons = doubts.map(Self.words)
      if !verification.results.isEmpty && !covers {
        assessment.reasons.append("its point has no digests of the volumes below its leaf")
      }
    } else {
      judgeOrder(sealed, &assessment)
    }
  }

  private func contentComplaint(
    _ image: ImageContent, _ volumes: [SealedVolume], _ results: [VolumeVerification?]
  ) -> String? {
    for (sealed, result) in zip(volumes, results) {
      guard let size = image[sealed.volume]?.size else {
        return "the sealed volume \(sealed.volume) is not there"
      }
      if case .different(let how) = result { return "\(sealed.volume): \(how)" }
      if size != sealed.digest.size {
        return "\(sealed.volume) has \(size) bytes, the point sealed \(sealed.digest.size)"
      }
    }
    return nil
  }

  /// The content stands; would vdsm find it?
  private func judgeOrder(_ sealed: SealedImage, _ assessment: inout ImageAssessment) {
    guard let manifest, assessment.plan.refusals.isEmpty else {
      assessment.verdict = .damaged
      assessment.reasons = assessment.plan.refusals.map(\.reason)
      return
    }
    let wanted = sealed.below.map { [sealed.volume] + $0.map(\.volume) }
    guard assessment.chain.first == sealed.volume, wanted == nil || wanted == assessment.chain else {
      assessment.verdict = .damaged
      assessment.reasons = [
        "its chain is \(assessment.chain.map(\.description).joined(separator: " on ")), the point's leaf is "
          + "\(sealed.volume)"
      ]
      return
    }
    assessment.verdict = assessment.plan.acts.isEmpty ? .whole : .wholeAfterRepair
    assessment.run = manifest.point.run
    assessment.instant = instant(of: sealed, manifest.point)
    if !doubts.isEmpty {
      assessment.reasons = [
        "its digest is the sealed one, although: " + doubts.map(Self.words).joined(separator: "; ")
      ]
    }
  }

  /// When the machine's own snapshot was asked for, which is not before the point's instant.
  private func instant(of sealed: SealedImage, _ point: RecoveryPoint) -> Instant {
    domain.records.intent(of: point.run)?.frozen.first { $0.machine == sealed.machine }?.requested
      ?? point.instant
  }

  // MARK: In none

  private func judgeUnsealed(_ image: ImageContent, _ assessment: inout ImageAssessment) {
    let planned = domain.records.intents.last { intent in
      intent.run != manifest?.point.run && doubts.contains { $0.run == intent.run }
        && intent.plan?.disks.contains { $0.disk == image.disk } ?? false
    }
    if let planned {
      assessment.verdict = .halfSynced
      assessment.reasons =
        doubts.filter { $0.run == planned.run }.map(Self.words)
        + ["no point before it holds this image"]
    } else if image.volumes.contains(where: { $0.metadata?.diskType == "OVFS" }) {
      assessment.reasons = ["an OVF_STORE: carried as it is; the manifest's configurations are what to trust"]
    } else {
      assessment.reasons = [
        "no point holds it: of a machine that was down, a template's, a floating disk, or newer than the point"
      ]
    }
  }

  private static func words(_ run: RunSummary) -> String {
    let who = run.run.map { "run \($0)" } ?? "a run"
    let when = run.began.map { ", begun \($0.text)," } ?? ""
    return "\(who)\(when) was overwriting it: \(run.evidence)"
  }

  // MARK: Names

  private func owner(of disk: DiskID) -> (machine: VirtualMachineID?, name: String?, alias: String?) {
    for intent in domain.records.intents.reversed() {
      for machine in intent.plan?.machines ?? [] {
        if let plan = machine.disks.first(where: { $0.disk == disk }) {
          return (machine.id, machine.name, plan.alias)
        }
      }
    }
    if let sealed = manifest?.point.images.first(where: { $0.disk == disk }) {
      let name = manifest?.configurations.first { $0.machine == sealed.machine }?.name
      return (sealed.machine, name, nil)
    }
    let document = domain.documents.last { $0.disks.contains { $0.disk == disk } }
    return (document?.machine, document?.name, nil)
  }

  private func overlays(
    _ image: ImageContent, _ claims: OverlayClaims, _ plan: ImageRepairPlan
  ) -> [ImageAssessment.SeenOverlay] {
    image.volumes.compactMap { volume in
      if let claim = claims[volume.id] {
        return ImageAssessment.SeenOverlay(volume: volume.id, maker: claim.maker, proof: claim.proof)
      }
      guard let meta = volume.metadata, meta.role == .leaf, meta.parent != .blank else { return nil }
      let isSealed = claims.kept.contains(volume.id)
      return ImageAssessment.SeenOverlay(
        volume: volume.id, maker: nil,
        proof: isSealed ? "a point stands on it" : "nobody is proved to have made it: left as it is")
    }
  }
}
