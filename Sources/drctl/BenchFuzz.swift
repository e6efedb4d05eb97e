import AgentProtocol
import ArgumentParser
import Bench
import DRKit
import Foundation
import GlusterCLI
import OVirtClient
import Simulator
import Site
import StateStore
import StrictYAML
import TestBed

extension BenchCommand {
  /// Every parser of the package: a module's own list, module by module.
  static let parsers: [FuzzedParser] = [
    RecordParsers.all, YAMLParsers.all, ScenarioParsers.all, BedParsers.all, SiteParsers.all,
    GlusterParsers.all,
    EngineParsers.all, AgentParsers.all, StoreParsers.all,
  ].flatMap { $0 }

  static func parser(_ name: String) throws -> FuzzedParser {
    guard let found = (parsers + FuzzDecoys.all).first(where: { $0.name == name }) else {
      throw ValidationError("no parser \(name); there are \(parsers.map(\.name).joined(separator: ", "))")
    }
    return found
  }

  struct Fuzz: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Feed mutated documents to every parser: no trap, no hang, no leak, no unreadable error.",
      discussion: """
        Each parser gets its share of the inputs in a process of its own. An input is made of the seed, the parser's name and \
        its number alone: a finding names them, and --show prints the input again. Figures of a debug build mean little.

        Examples:
          drctl bench fuzz --inputs 1000000
          drctl bench fuzz --parser strict-yaml --inputs 100000 --seed 7
          drctl bench fuzz --parser strict-yaml --seed 7 --show 4711 > input

        Exit codes: 0 nothing was found; 1 something was; 70 the fuzzer itself failed.
        """)

    @Option(help: "Inputs in all, 1 to 1000000000.") var inputs = 1_000_000
    @Option(help: "Only this parser (may be repeated).") var parser: [String] = []
    @Option(help: "Another seed, other inputs.") var seed: UInt64 = 1
    @Option(help: "Seconds that one input may take, 1 to 600.") var limit = 10
    @Option(help: "Processes at a time; all cores if not given.") var jobs: Int?
    @Option(help: "Print the input of this number of the one --parser, and what the parser says to it.")
    var show: Int?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard (1...1_000_000_000).contains(inputs) else {
        throw ValidationError("--inputs takes 1 to 1000000000")
      }
      guard (1...600).contains(limit) else { throw ValidationError("--limit takes 1 to 600") }
      if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs takes 1 to 256") }
      if show != nil && parser.count != 1 { throw ValidationError("--show needs one --parser") }
      for name in parser { _ = try BenchCommand.parser(name) }
    }

    func run() async throws {
      try await reporting(json: json) {
        let chosen = try parser.isEmpty ? BenchCommand.parsers : parser.map(BenchCommand.parser)
        if let show { return try await showInput(show, of: chosen[0]) }
        let driver = FuzzDriver(chosen, executable: "/proc/self/exe", seed: seed, inputLimit: limit)
        let began = Date()
        let results = try driver.run(
          inputs: inputs, jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount
        ) {
          for finding in $0.findings {
            Console.error(
              "\(finding.parser) --seed \(seed) --show \(finding.input): \(finding.kind): \(finding.text)")
          }
        }
        let findings = results.flatMap(\.findings)
        if json {
          Console.out(try JSONText.of(results))
        } else {
          Console.out(Self.table(results))
          let seconds = Int(Date().timeIntervalSince(began).rounded())
          let total = results.reduce(0) { $0 + $1.inputs }
          Console.out(
            "\(total) inputs to \(results.count) parsers in \(seconds) s, seed \(seed): \(findings.count) findings   "
              + Build.description)
        }
        if !findings.isEmpty { throw ExitCode(Exit.failed) }
      }
    }

    private static func table(_ results: [FuzzDriver.Result]) -> String {
      Table.text(
        ["PARSER", "INPUTS", "ACCEPTED", "REFUSED", "PER S", "GROWTH", "FOUND"],
        results.sorted { $0.parser < $1.parser }.map { result in
          [
            result.parser, "\(result.inputs)", "\(result.accepted)", "\(result.refused)",
            "\(Int(Double(result.inputs) / max(0.001, result.seconds)))", "\(result.growth >> 10) KiB",
            "\(result.findings.count)",
          ]
        })
    }

    private func showInput(_ number: Int, of parser: FuzzedParser) async throws {
      let input = FuzzWorker.input(number, of: parser, seed: seed, corpus: try await parser.corpus())
      try FileHandle.standardOutput.write(contentsOf: Data(input))
      do {
        try await parser.read(input)
        Console.error("accepted, \(input.count) bytes")
      } catch {
        Console.error("refused, \(input.count) bytes: \(error)")
      }
    }
  }

  /// What the driver starts.
  struct FuzzWork: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fuzz-worker", abstract: "One process of `bench fuzz`.", shouldDisplay: false)

    @Option var parser: String
    @Option var seed: UInt64
    @Option var from: Int
    @Option var to: Int
    @Option var logbook: String

    func validate() throws {
      guard from >= 0, from <= to else { throw ValidationError("--from takes 0 to what --to takes") }
    }

    func run() async throws {
      let worker = FuzzWorker(try BenchCommand.parser(parser), seed: seed)
      if let complaint = try await worker.run(from..<to, logbookPath: logbook) {
        Console.out(complaint)
        throw ExitCode(FuzzWorker.complained)
      }
    }
  }
}
