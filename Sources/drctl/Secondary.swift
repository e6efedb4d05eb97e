import ArgumentParser
import DRKit
import Foundation
import Site

struct Secondary: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at a secondary volume with the primary gone, and make it importable.",
    subcommands: [Assess.self, Repair.self])

  struct Assess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Say from the secondary alone what is whole, how old, and what is half-synced. Changes nothing.",
      discussion: """
        Needs the volume and nothing else: no engine, no database, no primary.

        Examples:
          drctl secondary assess vms
          drctl secondary assess --host gluster-b1 --volume data-dr --verify
          drctl secondary assess --directory /mnt/copy --json |
            jq '.[].assessment.domains[].point'

        Exit codes: 0 everything that the newest point holds is whole; 1 something is half-synced, damaged, to be repaired or \
        refused, or there is no point; 69 unreachable, or no such domain; 78 bad configuration.
        """)

    @OptionGroup var options: SecondaryOptions
    @Flag(help: "Read every byte of the newest point and compare digests. May take hours.") var verify = false

    func run() async throws {
      try await reporting(json: options.json) {
        var isWhole = true
        var answers: [SecondaryAnswer] = []
        for site in try options.sites() {
          let answer = try await options.assess(site, verify: verify)
          isWhole = isWhole && answer.assessment.isWhole
          answers.append(answer)
        }
        if options.json {
          Console.out(try JSONText.of(answers))
        } else {
          for answer in answers { AssessmentText.print(answer) }
        }
        if !isWhole { throw ExitCode(Exit.failed) }
      }
    }
  }
}

struct SecondaryAnswer: Encodable {
  var secondary: String
  var assessment: SecondaryAssessment
}

struct SecondaryOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: "The configuration file; left out: /etc/drkit/drkit.yaml, unless --host or --directory.")
  var config: String?
  @Option(help: "Without any configuration: a node of the secondary cluster.") var host: String?
  @Option(help: "Without any configuration: the secondary volume.") var volume: String?
  @Option(help: "Run gluster on --host by ssh as this user; left out: on this host.") var sshUser: String?
  @Option(help: "A directory where the volume, or a snapshot of it, is mounted already.") var directory:
    String?
  @Option(help: "The primary's data center (POOL_UUID), for volumes on which no run recorded it.")
  var primaryPool: String?
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "The storage domain's id, or its name; left out: every one on the volume.") var domain:
    String?

  func validate() throws {
    guard [config, host, directory].count(where: { $0 != nil }) <= 1 else {
      throw ValidationError("--config, --host and --directory can't stand together")
    }
    guard (host == nil) == (volume == nil) else {
      throw ValidationError("--host and --volume belong together")
    }
    if sshUser != nil && host == nil { throw ValidationError("--ssh-user belongs to --host") }
    if let primaryPool, RunID(primaryPool) == nil { throw ValidationError("--primary-pool takes a UUID") }
  }

  /// As vdsm writes it.
  var pool: String? { primaryPool.flatMap { RunID($0) }?.description }

  /// The volumes that are meant, each once.
  func sites() throws(DRError) -> [SecondarySite] {
    if let directory { return [try SecondarySite(directory: directory)] }
    if let host, let volume { return [try SecondarySite(host: host, volume: volume, sshUser: sshUser)] }
    let configuration = try ConfigurationReader.read(path: config ?? "/etc/drkit/drkit.yaml")
    var sites: [SecondarySite] = []
    for configured in configuration.domains where domain == nil || domain == configured.name {
      let site = try SecondarySite(configured, configuration.policy)
      if !sites.contains(where: { $0.name == site.name }) { sites.append(site) }
    }
    guard !sites.isEmpty else {
      return [
        try SecondarySite(try configuration.domain(domain ?? ""), configuration.policy)
      ]
    }
    return sites
  }

  func assess(_ site: SecondarySite, verify: Bool) async throws -> SecondaryAnswer {
    let isSilent = json
    let inspection = SecondaryInspection(volume: site.volume, primaryPool: pool)
    let assessment = try await cancelledBySignals { [domain] in
      try await inspection.assess(domain, verify: verify) { path, size in
        if !isSilent { Console.error("reading \(path), \(ByteText.of(size))") }
      }
    }
    return SecondaryAnswer(secondary: site.name, assessment: assessment)
  }
}
