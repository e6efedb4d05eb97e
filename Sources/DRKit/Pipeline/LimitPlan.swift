/// How a session comes to the bandwidth limit that is configured, or back to what it had before there was one.
///
/// The limit is one for all: each rsync gets its share of it, as many of them as may run at once (`sync_jobs` for each subvolume's
/// active worker). When fewer have work, less is sent; more never is.
struct LimitPlan: Hashable, Sendable, Codable {
  /// What `rsync_options` become; nil: they stay.
  var options: String?
  /// To be remembered before they are set: a run that dies in between must know its own words again.
  var remembered: RsyncLimit?
  /// To be remembered from then on; nil: nothing there is drkit's.
  var settled: RsyncLimit?
  var finding: PreflightFinding
  /// Whether there is anything to do.
  var isNeeded: Bool

  static let check = "bandwidth"
  static let option = RsyncOptions.name

  /// - Parameters:
  ///   - settings: the session's.
  ///   - subvolumes: of the primary.
  ///   - rate: bytes a second that the session may send; nil: as much as it likes.
  ///   - memory: of what drkit set before.
  init(
    _ key: DestinationKey, _ settings: [SessionSetting], subvolumes: Int, rate: Int64?, memory: RsyncLimit?
  ) {
    let current = RsyncOptions(settings.value(of: Self.option) ?? "")
    let ours = memory?.ours ?? []
    guard let rate else {
      let isOurs = current.limits.contains { ours.contains($0) }
      let before = memory?.before ?? []
      isNeeded = memory != nil
      options = isOurs ? current.limited(by: before).text : nil
      let back = before.isEmpty ? "" : "; \(before.joined(separator: " ")) is put back"
      finding = PreflightFinding(
        Self.check, .ok,
        isOurs
          ? "no limit is configured: the run takes away \(current.limits.joined(separator: " "))\(back)"
          : "no limit is configured, and the one that drkit had set is gone already")
      return
    }
    let jobs = settings.value(of: "sync_jobs").flatMap { Int64($0) }.map { min(max($0, 1), 1_000) } ?? 3
    let word = RsyncOptions.limit(rate, over: jobs * Int64(max(1, subvolumes)))
    let theirs = current.limits.filter { !ours.contains($0) }
    let before = memory == nil || !theirs.isEmpty ? theirs : memory?.before ?? []
    settled = RsyncLimit(key: key, ours: [word], before: before)
    if current.limits != [word] || memory == nil {
      options = current.limited(by: [word]).text
      remembered = RsyncLimit(key: key, ours: ours.filter { $0 != word } + [word], before: before)
    }
    isNeeded = options != nil || settled != memory
    var text = "\(rate >> 10) KiB/s at most: \(word) for each of \(jobs) rsync on \(subvolumes) subvolume(s)"
    if options != nil { text += ", to be set" }
    if let other = settings.otherThanRsync {
      finding = PreflightFinding(
        Self.check, .warning, "\(other), which knows no limit",
        remedy: "set sync-method to rsync, or take `bandwidth` out of the configuration")
    } else if !theirs.isEmpty {
      finding = PreflightFinding(
        Self.check, .warning, text + "; it takes the place of \(theirs.joined(separator: " "))",
        remedy: "take `bandwidth` out of the configuration to have that back")
    } else {
      finding = PreflightFinding(Self.check, .ok, text)
    }
  }
}

/// Sets the limit, or takes it away, before the session starts: a session that runs would get new workers for it.
struct SessionLimit {
  let context: RunContext

  func run() async throws(DRError) {
    let (durable, ports, key) = (context.durable, context.ports, context.target.key)
    let subvolumes = try await context.geometry().subvolumes.count
    let plan = try await durable.once("limit.plan") { () async throws(DRError) in
      LimitPlan(
        key, try await ports.georep.settings(), subvolumes: subvolumes, rate: context.policy.bandwidth,
        memory: try await ports.catalogue.rsyncLimit(of: key))
    }
    guard plan.isNeeded else { return }
    if let memory = plan.remembered {
      try await durable.once("limit.remembered") { () async throws(DRError) in
        try await ports.catalogue.save(memory)
      }
    }
    if let options = plan.options {
      context.note(.preflight, "the session's rsync-options become \"\(options)\"")
      try await durable.once("limit.set") { () async throws(DRError) in
        try await ports.georep.set(SessionSetting(LimitPlan.option, options))
      }
    }
    try await durable.once("limit.settled") { () async throws(DRError) in
      if let memory = plan.settled {
        try await ports.catalogue.save(memory)
      } else {
        try await ports.catalogue.clearRsyncLimit(of: key)
      }
    }
  }
}
