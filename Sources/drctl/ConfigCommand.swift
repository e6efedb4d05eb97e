import ArgumentParser
import DRKit
import Site

struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Check the configuration.", subcommands: [Check.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say whether the configuration can be used, from this host alone. Changes nothing.",
      discussion: """
        Reads the file, unknown keys are errors; looks whether the secret can be read by its owner alone, whether the state can \
        be kept where it is to be, and whether the programs that a run calls are installed. With --online every domain is \
        looked at as `drctl preflight` does, too; then the state file is made if there is none.

        Examples:
          drctl config check
          drctl config check --config drkit.yaml --json
          drctl config check --online

        Exit codes: 0 fit; 78 unfit; with --online also 69 unreachable, 1 refused by the engine or gluster.
        """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Ask the engine and gluster, too.") var online = false

    func run() async throws {
      try await reporting(json: options.json) {
        let (local, configuration) = ConfigurationCheck.findings(path: options.config)
        var sections = [CheckedPart(domain: nil, findings: local)]
        // At once: what the engine says later may be an error.
        if !options.json { FindingText.print(local) }
        // What is wrong here already would only be said again, worse.
        if online, let configuration, !local.contains(where: { $0.grade == .unfit }) {
          for domain in configuration.domains {
            if !options.json { Console.out("\n\(domain.name)") }
            let findings = try await Preflight.findings(configuration, domain)
            if !options.json { FindingText.print(findings) }
            sections.append(CheckedPart(domain: domain.name, findings: findings))
          }
        }
        if options.json { Console.out(try JSONText.of(sections)) }
        if sections.contains(where: { $0.findings.contains { $0.grade == .unfit } }) {
          throw ExitCode(Exit.badConfiguration)
        }
      }
    }
  }

  /// What `--json` prints a list of.
  struct CheckedPart: Encodable {
    /// Nil: what this host alone can say.
    var domain: String?
    var findings: [PreflightFinding]
  }
}
