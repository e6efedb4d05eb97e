import ArgumentParser
import DRKit
import Simulator
import StrictYAML
import Wire

struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a scenario in virtual time, with the production pipeline.",
    discussion: """
      Examples:
        drctl simulate scenarios/plain-cycle.yaml
        drctl simulate scenarios/link-down-in-transfer.yaml --seed 42
        drctl simulate scenarios/plain-cycle.yaml --json | jq .verdict
        drctl simulate scenarios/answers-lost.yaml --through-wire

      Exit codes: 0 the scenario's expectations were kept; 1 violated; 64 usage; 65 bad scenario.
      """)

  @Argument(help: "The scenario file.") var scenario: String
  @Option(help: "The seed of every random draw.") var seed: UInt64 = 1
  @OptionGroup var wire: WireOption
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print one line.") var quiet = false

  func run() async throws {
    try await reporting(json: json) {
      let scenario = try ScenarioFile.read(scenario)
      let report = ScenarioRunner(scenario, seed: seed, family: wire.family).run()
      if json {
        Console.out(try JSONText.of(report))
      } else {
        Console.out(quiet ? ReportText.line(report) : ReportText.page(report))
      }
      if report.verdict != .kept { throw ExitCode(Exit.failed) }
    }
  }
}

/// Which ports a simulation uses.
struct WireOption: ParsableArguments {
  @Flag(
    help: """
      Reach the engine and gluster's command through the real adapters: REST documents and XML answers, in virtual time.
      """)
  var throughWire = false

  var family: ScenarioRunner.Family {
    if throughWire { return { (world, store) in WirePorts(world: world, store: store) } }
    return { (world, store) in DirectPorts(world: world, store: store) }
  }
}

enum ScenarioFile {
  static func read(_ path: String) throws(DRError) -> Scenario {
    let text = try TextFile.read(path, "the scenario")
    do {
      return try ScenarioReader.read(text, file: path)
    } catch {
      throw DRError(.malformed, "read the scenario", path, reason: error.description)
    }
  }
}
