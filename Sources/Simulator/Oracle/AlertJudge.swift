import DRKit

/// Holds what a run told the engine against what is true when it ends.
extension SimulatedWorld {
  /// - Parameters:
  ///   - run: ended, and about to be recorded so. One whose report did not come through is judged by nobody: its record says so.
  ///   - points: those of the catalogue.
  func judgeAlert(of run: RunRecord, points: [RecoveryPoint], isDiverged: Bool, at now: Instant) {
    guard run.hasReported else { return }
    let number = Derived.eventID(run: run.id, event: "outcome")
    guard let event = engine.events.last(where: { $0.customID == number }) else {
      return lie("run \(run.id) has reported, and the engine has no event of it", at: now)
    }
    let text = event.description
    let own = points.filter { $0.key == run.key }
    if run.outcome == .sealed, event.severity == .normal, !run.leftOver.isEmpty || isDiverged {
      lie("run \(run.id) says that all is well: \(text)", at: now)
    }
    if !run.leftOver.isEmpty && !text.contains("still standing") {
      lie("run \(run.id) does not say what still stands: \(text)", at: now)
    }
    guard run.outcome == .failed else { return }
    if event.severity != .alert { lie("run \(run.id) failed, and its event is no alert: \(text)", at: now) }
    if text.contains("there is no sealed point") != own.isEmpty {
      lie("run \(run.id) does not tell which point stands: \(text)", at: now)
    }
    judgeStanding(run, text, own, at: now)
  }

  /// A point that the alert calls the last one, without a word against it, must be whole at the secondary.
  private func judgeStanding(_ run: RunRecord, _ text: String, _ points: [RecoveryPoint], at now: Instant) {
    let isDoubted = text.contains("overwritten it in part") || text.contains("DIVERGED")
    guard !isDoubted, !isUnknowable, let point = points.max(by: { $0.instant < $1.instant }) else { return }
    guard text.contains("the last sealed point is of run \(point.run)") else { return }
    let wrongs = oracle.complaints(about: point, domain: domain.id, secondary: session.secondary)
    if let wrong = wrongs.first {
      lie("run \(run.id) calls the point of run \(point.run) whole: \(wrong)", at: now)
    }
  }

  /// Whether the secondary was changed behind drkit's back since the newest true point was sealed, as nothing but a comparison of the
  /// content can tell.
  var isUnknowable: Bool {
    if session.isForeign && session.isStarted { return true }
    guard let last = [changedUnseen, session.foreignUntil].compactMap({ $0 }).max() else { return false }
    return oracle.exposure.steps.last.map { $0.from <= last } ?? true
  }

  func lie(_ words: String, at now: Instant) {
    let violation = Violation(.everyAnswerIsTrue, at: now, words)
    oracle.note(violation)
    timeline.add(now, .law, violation.description)
  }
}

extension RunRecord {
  /// Whether its event came through, as far as it knows.
  var hasReported: Bool { phases.contains { $0.phase == .report && !$0.note.hasPrefix("failed: ") } }
}

extension ScenarioReport.Run {
  var hasReported: Bool { phases.contains { $0.phase == .report && !$0.note.hasPrefix("failed: ") } }
}
