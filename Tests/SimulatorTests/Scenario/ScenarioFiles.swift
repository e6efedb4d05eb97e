import DRKit
import Foundation
import StrictYAML
import Testing

@testable import Simulator

/// The scenario files that anybody can run.
enum ScenarioFile {
  static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "scenarios")

  static let names = list(directory)

  static func list(_ directory: URL) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? []
    return all.filter { $0.hasSuffix(".yaml") }.sorted()
  }

  static func read(_ name: String, in directory: URL = directory) throws -> Scenario {
    let text = try String(contentsOf: directory.appending(path: name), encoding: .utf8)
    return try ScenarioReader.read(text, file: name)
  }
}

@Suite("Scenario files")
struct ScenarioFiles {
  @Test("there are at least 25, each named as its file is")
  func names() throws {
    #expect(ScenarioFile.names.count >= 25)
    for name in ScenarioFile.names {
      let scenario = try ScenarioFile.read(name)
      #expect(scenario.name + ".yaml" == name)
      #expect(!scenario.about.isEmpty)
      #expect(scenario.expectations.contains(.lawsKept))
    }
  }

  /// More seeds than one with `DRKIT_SEEDS=n`; timelines go to the directory `DRKIT_TIMELINES`.
  @Test("each keeps what it promises, and its faults bite", arguments: ScenarioFile.names)
  func run(name: String) throws {
    let environment = ProcessInfo.processInfo.environment
    let seeds = environment["DRKIT_SEEDS"].flatMap(UInt64.init) ?? 1
    for seed in 1...max(1, seeds) {
      let report = ScenarioRunner(try ScenarioFile.read(name), seed: seed).run()
      let reasons: Comment = "seed \(seed): \(report.reasons.joined(separator: "\n"))"
      #expect(report.verdict == .kept, reasons)
      if let directory = environment["DRKIT_TIMELINES"] {
        let lines = report.timeline.map { "\($0.at.clockText) \($0.kind.rawValue) \($0.text)" }
        try lines.joined(separator: "\n").write(
          toFile: "\(directory)/\(name).\(seed).txt", atomically: true, encoding: .utf8)
      }
    }
  }
}
