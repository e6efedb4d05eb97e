import ArgumentParser
import DRKit
import Site

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a recovery point of a storage domain.",
    discussion: """
      Resumes a run that was cut short, then makes a new one.

      Examples:
        drctl sync vms
        drctl sync vms --dry-run
        drctl sync vms --config drkit.yaml --json | jq .record.outcome

      Exit codes: 0 sealed (also when machines were left out, as the policy allows: the event is a warning then, and \
      they are named); 1 the run failed (everything was merged, or is named), or the destination is diverged; \
      69 unreachable, or told to stop (run it again); 75 another run holds the lease, or took it; 78 bad configuration.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain's name, as configured.") var domain: String
  @Flag(help: "Look, plan and print; change nothing.") var dryRun = false
  @Flag(
    help: """
      Overwrite a copy at the secondary that was attached to another engine and detached again: what its machines wrote \
      there is lost. For this run only.
      """)
  var overwriteDetached = false

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let domain = try configuration.domain(domain)
      let printer = ProgressPrinter(isSilent: options.json)
      try await SiteAssembly.with(configuration, domain, observer: printer) { site in
        if dryRun { return try await rehearse(site) }
        var policy = site.policy
        policy.overwritesDetached = overwriteDetached
        let run = SyncRun(ports: site.ports, target: site.target, policy: policy)
        var result: SyncRun.Result
        repeat { result = try await Self.execute(run, site) } while result.resumed
        if options.json { Console.out(try JSONText.of(SyncOutput(result))) }
        if let divergence = result.divergence, !options.json { Console.error(DivergenceText.of(divergence)) }
        if result.record.outcome != .sealed || result.record.failure != nil || !result.record.leftOver.isEmpty
          || result.divergence != nil
        {
          throw ExitCode(Exit.failed)
        }
      }
    }
  }

  static func execute(_ run: SyncRun, _ site: SiteAssembly) async throws -> SyncRun.Result {
    let fresh = SystemRandom.runID()
    let heard = HeardSignal()
    do {
      // At the engine, jobs and events are found by the run's id.
      let id = try await site.ports.catalogue.unfinishedRun(site.target.key)?.id ?? fresh
      return try await SiteAssembly.correlated(with: id) {
        try await cancelledBySignals(heard) { try await run.execute(fresh: fresh) }
      }
    } catch let error as DRError where error.kind == .stopped {
      throw ended(error, heard.isSet, site.target.key)
    }
  }

  /// A run that was not told to stop, and stopped, has lost its lease.
  private static func ended(_ error: DRError, _ wasTold: Bool, _ key: DestinationKey) -> DRError {
    var error = error
    let again = "run `drctl sync` again: it goes on with the run, whose snapshots may stand until then"
    guard !wasTold else {
      error.remedy = again
      return error
    }
    return DRError(
      .busy, "hold the lease", key.description,
      reason: "it ran out or was taken over: another executor may be at work",
      remedy: "see `drctl runs`; when nothing runs any more, \(again)")
  }

  private func rehearse(_ site: SiteAssembly) async throws {
    let rehearsal = try await SyncRehearsal(ports: site.ports, target: site.target, policy: site.policy).run()
    if options.json {
      Console.out(try JSONText.of(rehearsal))
    } else {
      FindingText.print(rehearsal.findings)
      for machine in rehearsal.plan.machines {
        let disks = machine.disks.map(\.alias).joined(separator: ", ")
        Console.out("would snapshot  \(machine.name): \(disks)")
      }
      for line in rehearsal.plan.notInPoint { Console.out("not in the point  \(line)") }
    }
    if rehearsal.findings.contains(where: { $0.grade == .unfit }) { throw ExitCode(Exit.badConfiguration) }
  }
}

struct SyncOutput: Encodable {
  var record: RunRecord
  var point: RecoveryPoint?
  var standing: RecoveryPoint?
  var divergence: Divergence?

  init(_ result: SyncRun.Result) {
    record = result.record
    point = result.point
    standing = result.standing
    divergence = result.divergence
  }
}

enum DivergenceText {
  static func of(_ divergence: Divergence) -> String {
    """
    DIVERGED: \(divergence.key) since \(divergence.at.text), run \(divergence.run): \(divergence.image): \
    \(divergence.reason). No later run ends that; `drctl repair \(divergence.key)` does
    """
  }
}

struct Preflight: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at everything that a run needs, and change nothing.",
    discussion:
      """
      Example:
        drctl preflight vms

      Exit codes: 0 fit; 1 refused by the engine or gluster; 69 unreachable; 78 unfit, or bad configuration.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain's name, as configured.") var domain: String

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let domain = try configuration.domain(domain)
      let findings = try await Self.findings(configuration, domain)
      if options.json { Console.out(try JSONText.of(findings)) } else { FindingText.print(findings) }
      if findings.contains(where: { $0.grade == .unfit }) { throw ExitCode(Exit.badConfiguration) }
    }
  }

  static func findings(
    _ configuration: Configuration, _ domain: ProtectedDomain
  ) async throws -> [PreflightFinding] {
    try await SiteAssembly.with(configuration, domain, observer: SilentObserver(), checksState: true) {
      site in
      try await PreflightCheck(ports: site.ports, target: site.target, policy: site.policy).findings()
    }
  }
}

enum FindingText {
  static func print(_ findings: [PreflightFinding]) {
    for finding in findings {
      Console.out("\(finding.grade.rawValue.padded(8))\(finding.check.padded(16))\(finding.text)")
      if finding.grade != .ok && !finding.remedy.isEmpty {
        Console.out("\("".padded(24))→ \(finding.remedy)")
      }
    }
  }
}

extension String {
  func padded(_ width: Int) -> String {
    count >= width ? self + " " : self + String(repeating: " ", count: width - count)
  }
}
