/// Checkpoint, nonces, start, wait, stop: one passage of the primary's content to the secondary.
struct ReplicationPass: Sendable {
  let context: RunContext
  let phase: Phase
  /// The word in the journal's steps and in the nonces.
  let name: String
  let limit: TimeSpan

  struct Outcome: Sendable, Codable, Hashable {
    var nonces: [Nonce]
    var heals: Int
    /// From the setting of the checkpoint to the session's stop.
    var length: TimeSpan

    var note: String {
      let healed = heals == 0 ? "" : "; a stalled live crawl was healed by \(heals) new worker(s)"
      return "checkpoint to stop \(length.text)\(healed)"
    }
  }

  private var georep: any GeoReplication { context.ports.georep }
  private var durable: Durable { context.durable }

  func run() async throws(DRError) -> Outcome {
    let geometry = try await context.geometry()
    let began = try await durable.once("\(name).began") { () async throws(DRError) in context.ports.clock.now
    }
    let checkpoint = try await durable.once("\(name).checkpoint") { () async throws(DRError) in
      try await georep.setCheckpoint()
    }
    let nonces = try await durable.once("\(name).nonces") { () async throws(DRError) in
      try await context.ports.clock.sleep(for: context.policy.nonceDelay)
      return try await writeNonces(round: 1)
    }
    let written = try await durable.once("\(name).nonces.written") { () async throws(DRError) in
      context.ports.clock.now
    }
    try await rollOver(geometry, since: written)
    // The status tells the primary's time, `began` and `written` are of this host: only what lies between them is compared.
    let primaryTime = checkpoint + (written - began) + .seconds(1)
    let arrival = NonceArrival(context: context, pass: name, nonces: nonces, written: primaryTime)
    let judge = CheckpointJudge(subvolumes: geometry.subvolumes, checkpoint: checkpoint)
    let heals = try await complete(judge, arrival, geometry)
    try await SessionStop(context: context, phase: phase, step: "\(name).stop").run()
    let ended = try await durable.once("\(name).ended") { () async throws(DRError) in context.ports.clock.now
    }
    return Outcome(nonces: nonces, heals: heals, length: ended - began)
  }

  /// The first history crawl then sees everything, and a stalled live crawl does not matter.
  private func rollOver(_ geometry: VolumeGeometry, since written: Instant) async throws(DRError) {
    let policy = context.policy
    let until = written + geometry.rollover + policy.rolloverMargin - policy.startLead
    try await context.wait(phase, for: "the nonces' changelogs to roll over", until: until)
  }

  private func writeNonces(round: Int) async throws(DRError) -> [Nonce] {
    try await context.ports.primary.writeNonces(
      NonceText.bytes(run: context.run, pass: name, round: round),
      under: DomainLayout.nonceDirectory(georep.session))
  }

  /// Starts the session, waits for the checkpoint on every subvolume, and then for the nonces, which are 2 s younger and
  /// may ride in a later batch; returns how many new workers it took.
  private func complete(
    _ judge: CheckpointJudge, _ arrival: NonceArrival, _ geometry: VolumeGeometry
  ) async throws(DRError) -> Int {
    if let known: Int = try await durable.recall("\(name).complete") { return known }
    // In every incarnation: a heal may have died between its stop and its start, or an outage may have ended the session.
    try await start()
    let deadline = try await durable.deadline("\(name).complete", "", limit)
    var stalls = StallWatch(rollover: geometry.rollover)
    var heals = try await healsSoFar()
    var round = 1
    var nextTick = context.ports.clock.now + geometry.rollover
    var reason = "no status yet"
    var completeSince: Instant?
    var stoppedSince: Instant?
    while true {
      let rows = try await look()
      let now = context.ports.clock.now
      if let rows {
        switch judge.opinion(rows) {
        case .complete:
          let patience = geometry.rollover * 2 + context.policy.arrivalMargin
          // Afresh in each incarnation: after an outage a new worker must get its chance. The pass's deadline holds over all.
          let since = completeSince ?? now
          completeSince = since
          // Without arrival the session is stopped all the same: the seal then says what is missing, and touches nothing.
          if try await arrival.isProbable(rows, judge.subvolumes) || now >= since + patience {
            try await durable.remember(heals, "\(name).complete")
            return heals
          }
          reason = "the checkpoint is complete; the nonces written after it have not arrived"
        case .pending(let why):
          reason = why
          completeSince = nil
        }
      }
      guard now < deadline else {
        throw DRError(
          .timedOut, "wait for the checkpoint", georep.session.description,
          reason: "not complete within \(limit.wholeSeconds) s: \(reason)",
          remedy: "look at gsyncd.log on the primary nodes; the bytes that arrived stay")
      }
      if let rows, SessionQuiet.complaint(rows, subvolumes: judge.subvolumes) == nil {
        let since = stoppedSince ?? now
        stoppedSince = since
        if now >= since + context.policy.stoppedPatience {
          try await startAgain()
          stoppedSince = nil
        }
      } else if rows != nil {
        stoppedSince = nil
      }
      context.ports.observer.observe(.waiting(phase, reason: reason, deadline: deadline), at: now)
      if let rows, let brick = stalls.look(rows, at: now) {
        guard heals < context.policy.healLimit else {
          throw DRError(
            .timedOut, "wait for the checkpoint", georep.session.description,
            reason: "the live crawl of \(brick) stalled again after \(heals) new workers",
            remedy: "look at gsyncd.log on the primary nodes; the bytes that arrived stay")
        }
        heals += 1
        completeSince = nil
        try await heal(brick, heals)
        stalls.reset()
      } else if now >= nextTick {
        // A later event is what completes a checkpoint on a volume that is otherwise quiet.
        round += 1
        let tick = round
        _ = try await durable.retrying { () async throws(DRError) in try await writeNonces(round: tick) }
        nextTick = context.ports.clock.now + geometry.rollover
      }
      try await context.ports.clock.sleep(for: context.policy.statusInterval)
    }
  }

  /// Nil when the status could not be read this time: that is no answer, in either direction.
  private func look() async throws(DRError) -> [WorkerStatus]? {
    try durable.lease?.check()
    do throws(DRError) {
      return try await georep.status()
    } catch {
      guard error.kind == .transient || error.kind == .malformed else { throw error }
      context.note(phase, "the session's status could not be read: \(error.reason)")
      return nil
    }
  }

  private func heal(_ brick: BrickName, _ count: Int) async throws(DRError) {
    context.note(phase, "the live crawl of \(brick) is stalled: a new worker (\(count))")
    try await durable.once("\(name).heal", "\(count)") { () async throws(DRError) in
      try await georep.stop()
      try await start()
    }
  }

  /// Somebody else stopped the session, or its monitors died: waiting would only let the overlays grow until the deadline. Once it may
  /// have been a mistake.
  private func startAgain() async throws(DRError) {
    let step = "\(name).restarted"
    guard try await durable.recall(step, as: Bool.self) == nil else {
      throw DRError(
        .disproved, "wait for the checkpoint", georep.session.description,
        reason: "the session was stopped by somebody else, and again after it was started again",
        remedy: "let drkit alone start and stop this session; look at gsyncd.log on the primary nodes")
    }
    context.note(phase, "the session was stopped by somebody else: it is started again")
    try await durable.once(step) { () async throws(DRError) in try await start() }
  }

  private func start() async throws(DRError) {
    try await SecondaryOwner(context: context).refuseLive()
    try await haveAllCopied()
    try await durable.retrying { () async throws(DRError) in try await georep.start() }
  }

  /// Before each start: between two runs anybody may have set the options otherwise.
  private func haveAllCopied() async throws(DRError) {
    let found = try await durable.retrying { () async throws(DRError) in try await georep.settings() }
    for wanted in FaithfulCopying.corrections(found) {
      do throws(DRError) {
        try await durable.retrying { () async throws(DRError) in try await georep.set(wanted) }
        context.note(
          phase, "set for the session, so that no new write is passed over: \(wanted.name) \(wanted.value)")
      } catch {
        // The proof finds what is passed over, if every byte is proved.
        guard error.kind == .refused else { throw error }
        context.note(phase, "new writes may be passed over: \(wanted.name) can't be set: \(error.reason)")
      }
    }
  }

  private func healsSoFar() async throws(DRError) -> Int {
    var count = 0
    while try await durable.recall("\(name).heal", "\(count + 1)", as: Bool.self) != nil { count += 1 }
    return count
  }
}
