import ArgumentParser
import Bench
import DRKit
import Foundation
import Simulator
import Site

extension BenchCommand {
  struct ContractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "contract",
      abstract: "Hold every port to what drkit relies on: at a configured site, or in a simulated world.",
      discussion: """
        For a lab, a test bed or a site that protects nothing yet. It snapshots and merges a machine, starts, stops, deletes and \
        creates the session, writes to both volumes and posts an event. The state goes into a file of its own, which is removed. \
        Cut short, it may leave a snapshot "drkit contract …", a running session or a writable secondary.

        Examples:
          drctl bench contract --simulated
          drctl bench contract --simulated --through-wire --json
          drctl bench contract --config lab.yaml vms --may-change-the-site

        Exit codes: 0 every contract is kept; 1 one is broken; 69 unreachable, or told to stop; 78 bad configuration.
        """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The storage domain's name, as configured.") var domain: String?
    @Flag(help: "In a simulated world, in virtual time.") var simulated = false
    @Option(help: "The simulated world's seed.") var seed: UInt64 = 1
    @OptionGroup var wire: WireOption
    @Flag(help: "Nothing at the site has to stand: see above.") var mayChangeTheSite = false

    func validate() throws {
      guard simulated != (domain != nil) else {
        throw ValidationError("name a configured storage domain, or --simulated")
      }
      guard simulated || mayChangeTheSite else {
        throw ValidationError(
          "it changes the site: --may-change-the-site says that nothing there has to stand")
      }
      guard simulated || !wire.throughWire else {
        throw ValidationError("--through-wire needs --simulated")
      }
    }

    func run() async throws {
      try await reporting(json: options.json) {
        let rows: [ContractRow]
        if let domain {
          rows = try await atSite(domain)
        } else {
          rows = try SimulatedContractArm(seed: seed, family: wire.family).rows()
        }
        if options.json { Console.out(try JSONText.of(rows)) } else { print(rows) }
        if rows.contains(where: { $0.verdict != .kept }) { throw ExitCode(Exit.failed) }
      }
    }

    private func print(_ rows: [ContractRow]) {
      for row in rows {
        Console.out("\(row.verdict.rawValue.padded(8))\(row.contract.rawValue)")
        Console.out("\("".padded(8))saw \(row.seen)")
      }
      Console.out("\(rows.count) contracts, \(rows.count { $0.verdict != .kept }) broken")
    }

    private func atSite(_ name: String) async throws -> [ContractRow] {
      var configuration = try options.read()
      let domain = try configuration.domain(name)
      let directory = FileManager.default.temporaryDirectory.appending(
        path: "drkit-contract-\(ProcessInfo.processInfo.globallyUniqueString)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      configuration.state = directory.appending(path: "state.sqlite").path
      let id = SystemRandom.runID()
      var book = ContractBook()
      for chapters in [ContractSuite.Chapter.allCases.filter { $0 != .restart }, [.restart]] {
        // Each time the state file is opened anew.
        let known = book
        book = try await SiteAssembly.with(configuration, domain, observer: SilentObserver()) { site in
          let suite = ContractSuite(ports: site.ports, domain: site.target.domain, id: id) { chapter in
            Console.error("contract: \(chapter)")
          }
          return try await cancelledBySignals {
            var book = known
            try await suite.run(&book, chapters)
            return book
          }
        }
      }
      return book.rows()
    }
  }
}
