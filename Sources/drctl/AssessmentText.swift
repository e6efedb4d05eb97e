import DRKit
import Site

/// An assessment as a page that a human under stress can read.
enum AssessmentText {
  static func print(_ answer: SecondaryAnswer) {
    let now = SystemClock().now
    for domain in answer.assessment.domains {
      Console.out("\(domain.name ?? "?") (\(domain.id)) on \(answer.secondary)")
      printPoint(domain, now)
      for run in domain.overwriting {
        let who = run.run.map { "run \($0)" } ?? "a run"
        Console.out("  IN DOUBT    \(who)\(run.began.map { ", begun \($0.text)" } ?? ""): \(run.evidence)")
      }
      printMachines(domain)
      printImages(domain)
      for text in domain.leftOut { Console.out("  left out    \(text)") }
      for text in domain.notInPoint { Console.out("  not in it   \(text)") }
      for text in domain.remarks { Console.out("  remark      \(text)") }
      if !domain.acts.isEmpty {
        Console.out("  to repair   \(domain.acts.count) act(s): `drctl secondary repair` shows them and asks")
      }
      print(domain.allRefusals)
    }
  }

  static func printPlan(_ domain: DomainAssessment, of secondary: String) {
    Console.out("\(domain.name ?? "?") (\(domain.id)) on \(secondary)")
    if domain.acts.isEmpty {
      Console.out(domain.allRefusals.isEmpty ? "  nothing to repair" : "  nothing that repair may do")
    }
    for image in domain.images where domain.refusals.isEmpty {
      for act in image.plan.acts {
        Console.out("  \(act.kind.rawValue.padded(18))\(name(image))/\(act.volume)")
        Console.out("  \("".padded(18))because \(act.proof)")
      }
    }
    print(domain.allRefusals)
  }

  static func print(_ outcome: SecondaryRepair.Outcome, _ secondary: String) {
    Console.out("repaired \(outcome.repaired.count) image(s)")
    print(outcome.refusals)
    if outcome.isCutShort { Console.out("interrupted: run it again for the rest") }
    if let why = outcome.leftWritable {
      Console.out("\(secondary) is LEFT WRITABLE (features.read-only off): \(why)")
    }
  }

  private static func print(_ refusals: [RepairRefusal]) {
    for refusal in refusals {
      let subject = refusal.disk.map { "image \($0): " } ?? ""
      Console.out("  REFUSED     \(subject)\(refusal.reason)")
      Console.out("              → \(refusal.remedy)")
    }
  }

  private static func printPoint(_ domain: DomainAssessment, _ now: Instant) {
    guard let point = domain.point else {
      return Console.out("  NOTHING: no recovery point was ever sealed here")
    }
    let age = (now - point.instant).text
    let verified = domain.images.count { $0.isVerified }
    let check = verified > 0 ? "; \(verified) image(s) verified now" : ""
    Console.out("  point       \(point.instant.text), \(age) old, sealed by run \(point.run)\(check)")
    switch domain.liveness {
    case .copy: break
    case .live:
      Console.out("  LIVE        attached to pool \(domain.pools.joined(separator: ", ")): no copy any more")
    case .unknown:
      Console.out("  pool        \(domain.pools.joined(separator: ", ")): the primary's, or live")
    case .unreadable: Console.out("  UNREADABLE  dom_md/metadata")
    }
  }

  private static func printMachines(_ domain: DomainAssessment) {
    guard !domain.machines.isEmpty else { return }
    let rows = domain.machines.map { machine in
      [
        "  " + (machine.name ?? machine.id.description), machine.verdict.rawValue,
        machine.instant?.text ?? "-",
      ]
    }
    Console.out(Table.text(["  MACHINE", "VERDICT", "STANDS AT"], rows))
    for verdict in domain.machines.compactMap(\.sealed) {
      if let line = VerdictText.line(verdict) { Console.out("  \(line)") }
    }
  }

  /// The good ones are counted, the others named.
  private static func printImages(_ domain: DomainAssessment) {
    for image in domain.images where image.verdict != .whole {
      guard image.verdict != .notInPoint || !image.overlays.isEmpty || !image.plan.remarks.isEmpty else {
        continue
      }
      Console.out("  \(image.verdict.rawValue.padded(19))\(name(image))")
      // What is in doubt for the whole domain is said once.
      let own = image.reasons.filter { reason in
        !domain.overwriting.contains { reason.hasSuffix($0.evidence) }
      }
      for reason in own + image.plan.remarks { Console.out("  \("".padded(19))\(reason)") }
      for overlay in image.overlays {
        let maker = overlay.maker.map(\.rawValue) ?? "unknown"
        Console.out("  \("".padded(19))overlay \(overlay.volume) (\(maker)): \(overlay.proof)")
      }
    }
    let whole = domain.images.count { $0.verdict == .whole }
    let apart = domain.images.count { $0.verdict == .notInPoint }
    Console.out("  images      \(domain.images.count): \(whole) whole, \(apart) in no point")
  }

  private static func name(_ image: ImageAssessment) -> String {
    guard let machine = image.machineName else { return image.disk.description }
    return "\(machine)/\(image.alias ?? image.disk.description)"
  }
}
