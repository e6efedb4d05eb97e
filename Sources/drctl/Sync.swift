import ArgumentParser
import DRKit
import Site

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a recovery point of a storage domain.",
    discussion: """
      Resumes a run that was cut short, then makes a new one.

      Examples:
        drctl sync --config drkit.yaml vms
        drctl sync --config drkit.yaml vms --dry-run
        drctl sync --config drkit.yaml vms --json | jq .record.outcome

      Exit codes: 0 sealed; 1 the run failed (everything was merged, or is named); 69 unreachable; 75 another run holds
      the lease; 78 bad configuration.
      """)

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain's name, as configured.") var domain: String
  @Flag(help: "Look, plan and print; change nothing.") var dryRun = false
  @Flag(
    help: """
      Overwrite a copy at the secondary that was attached to another engine and detached again: what its machines wrote there is
      lost. For this run only.
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
        repeat {
          result = try await cancelledBySignals { try await run.execute(fresh: SystemRandom.runID()) }
        } while result.resumed
        if options.json { Console.out(try JSONText.of(SyncOutput(result))) }
        if result.record.outcome != .sealed || result.record.failure != nil || !result.record.leftOver.isEmpty
        {
          throw ExitCode(Exit.failed)
        }
      }
    }
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

  init(_ result: SyncRun.Result) {
    record = result.record
    point = result.point
    standing = result.standing
  }
}

struct Preflight: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at everything that a run needs, and change nothing.",
    discussion:
      "Example:\n  drctl preflight --config drkit.yaml vms\n\nExit codes: 0 fit; 78 unfit; 69 unreachable.")

  @OptionGroup var options: ConfigurationOptions
  @Argument(help: "The storage domain's name, as configured.") var domain: String

  func run() async throws {
    try await reporting(json: options.json) {
      let configuration = try options.read()
      let domain = try configuration.domain(domain)
      try await SiteAssembly.with(configuration, domain, observer: SilentObserver()) { site in
        let findings = try await PreflightCheck(ports: site.ports, target: site.target, policy: site.policy)
          .findings()
        if options.json { Console.out(try JSONText.of(findings)) } else { FindingText.print(findings) }
        if findings.contains(where: { $0.grade == .unfit }) { throw ExitCode(Exit.badConfiguration) }
      }
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
