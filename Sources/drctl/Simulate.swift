import ArgumentParser
import Bench
import DRKit
import Simulator
import StrictYAML
import Wire

struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a scenario in virtual time, with the production pipeline.",
    discussion: """
      The package's scenarios are in /usr/share/drkit/scenarios, a checkout's in scenarios.

      Examples:
        drctl simulate /usr/share/drkit/scenarios/plain-cycle.yaml
        drctl simulate scenarios/link-down-in-transfer.yaml --seed 42
        drctl simulate scenarios/plain-cycle.yaml --json | jq .verdict
        drctl simulate scenarios/crash-table.yaml --crash-everywhere
        drctl simulate scenarios/crash-table.yaml --crash 0:217:killed
        drctl simulate scenarios/answers-lost.yaml --through-wire

      --crash-everywhere kills the executor at every boundary (before a request, before its answer, before a sleep) in every way, \
      lets the next one finish, and prints a table; a case that broke a law is printed as the --crash that shows it alone.

      Exit codes: 0 the scenario's expectations were kept; 1 violated; 64 usage; 65 bad scenario.
      """)

  @Argument(help: "The scenario file.") var scenario: String
  @Option(help: "The seed of every random draw.") var seed: UInt64 = 1
  @OptionGroup var wire: WireOption
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print one line.") var quiet = false
  @Flag(help: "Strike the executor at every boundary, in every way, and print a table.") var crashEverywhere =
    false
  @Option(help: "With --crash-everywhere: only every so-many-th boundary.") var stride: UInt64 = 1
  @Option(help: "With --crash-everywhere: so many cases of each way are killed again in the resumption.")
  var again = 8
  @Option(help: "With --crash-everywhere: at every so-many-th boundary of the resumption.")
  var againStride: UInt64 = 1
  @Option(
    help:
      "Strike once: LIFE:BOUNDARY[:WAY], life from 0, boundary from 1. May be repeated, one for each life.")
  var crash: [String] = []

  func validate() throws {
    guard stride > 0, againStride > 0 else { throw ValidationError("a stride is 1 or more") }
    guard again >= 0 else { throw ValidationError("--again takes 0 or more") }
    if crashEverywhere && !crash.isEmpty {
      throw ValidationError("--crash and --crash-everywhere exclude each other")
    }
    _ = try strikes()
  }

  func run() async throws {
    try await reporting(json: json) {
      let scenario = try ScenarioFile.read(scenario)
      if crashEverywhere { return try table(scenario) }
      let report = ScenarioRunner(scenario, seed: seed, strikes: try strikes(), family: wire.family).run()
      if json {
        Console.out(try JSONText.of(report))
      } else {
        Console.out(quiet ? ReportText.line(report) : ReportText.page(report))
      }
      if report.verdict != .kept { throw ExitCode(Exit.failed) }
    }
  }
}

extension Simulate {
  private func table(_ scenario: Scenario) throws {
    let isShown = Console.isTerminal && !json && !quiet
    let table = CrashTable.make(
      CrashSweep(scenario, seed: seed, family: wire.family),
      CrashTable.Extent(stride: stride, again: again, againStride: againStride)
    ) { done, all in
      if isShown { Console.raw("\r\u{1b}[K\(done) of \(all) cases\(done == all ? "\r\u{1b}[K" : "")") }
    }
    Console.out(
      json ? try JSONText.of(table) : CrashText.page(table, command: "drctl simulate \(self.scenario)"))
    if !table.isKept { throw ExitCode(Exit.failed) }
  }

  /// The strikes that `--crash` names, by life.
  private func strikes() throws -> [LifeStrike?] {
    var strikes: [LifeStrike?] = []
    for text in crash {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard (2...3).contains(parts.count), let life = Int(parts[0]), (0...10_000).contains(life),
        let boundary = UInt64(parts[1]), boundary > 0
      else {
        throw ValidationError("\"\(text)\" is not LIFE:BOUNDARY[:WAY], such as 0:217:killed")
      }
      guard let way = CrashSweep.Way(rawValue: parts.count == 3 ? parts[2] : CrashSweep.Way.killed.rawValue)
      else {
        let known = CrashSweep.Way.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw ValidationError("\"\(parts[2])\" is no way to strike; there are \(known)")
      }
      while strikes.count <= life { strikes.append(nil) }
      strikes[life] = way.strike(at: boundary)
    }
    return strikes
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
