import ArgumentParser
import DRKit
import Foundation
import Simulator
import Wire

extension TestBedCommand {
  struct Gluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Be a simulated primary node for another program, in virtual time.",
      discussion: """
        Reads a JSON object a line and answers each with one; ends at the end of its input. Time passes only by what is \
        asked: a command takes as long as it would, a sleep what it says. The scenario gives the sites and the faults.

          {"do": "gluster", "arguments": ["volume", "info", "data", "--xml"]}
                answered by {"exit": 0, "output": "…", "error": "", …}
          {"do": "sleep", "seconds": 60}
          {"do": "touch"}
                touches the primary volume's root
          {"do": "write", "path": "a/b", "text": "x"}
                writes a file at the primary
          {"do": "secondary", "path": "a/b"}
                {"output": "x", …}; no "output" if there is no such file

        Every answer has "now", in seconds since 1970.

        Example:
          drctl testbed gluster scenarios/quiet-volume.yaml < requests
        """)

    @Argument(help: "The scenario file; of its sites and faults.") var scenario: String
    @Option(help: "The seed of every random draw.") var seed: UInt64 = 1

    func run() async throws {
      try await reporting {
        let site = CommandSite(try ScenarioFile.read(scenario).plan, seed: seed)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        while let line = readLine() {
          let answer = try Self.answer(line, site)
          Console.out(String(decoding: try encoder.encode(answer), as: UTF8.self))
        }
      }
    }

    private struct Request: Decodable {
      enum Verb: String, Decodable {
        case gluster, sleep, touch, write, secondary
      }

      var `do`: Verb
      var arguments: [String]?
      /// 0...31,536,000: a year is enough for any script.
      var seconds: Double?
      var path: String?
      var text: String?
    }

    private struct Reply: Encodable {
      var now: Double
      var exit: Int32?
      var output: String?
      var error: String?
    }

    private static func answer(_ line: String, _ site: CommandSite) throws(DRError) -> Reply {
      let request: Request
      do { request = try JSONDecoder().decode(Request.self, from: Data(line.utf8)) } catch {
        throw unreadable("it is no request of a known form")
      }
      var reply = Reply(now: 0)
      switch request.do {
      case .gluster:
        let result = try site.gluster(request.arguments ?? [])
        reply.exit = result.exit
        reply.output = result.output
        reply.error = result.error
      case .sleep:
        guard let seconds = request.seconds, (0...31_536_000).contains(seconds) else {
          throw unreadable("`seconds` is missing, or not 0 to 31536000")
        }
        try site.sleep(.nanoseconds(Int64(seconds * 1e9)))
      case .touch: try site.touchRoot()
      case .write:
        guard let path = request.path, !path.isEmpty, !path.hasPrefix("/"), let text = request.text else {
          throw unreadable("`path` (relative) or `text` is missing")
        }
        try site.write(path, Array(text.utf8))
      case .secondary:
        guard let path = request.path else { throw unreadable("`path` is missing") }
        reply.output = site.secondary(path).map { String(decoding: $0, as: UTF8.self) }
      }
      reply.now = Double(site.now.nanoseconds) / 1e9
      return reply
    }

    private static func unreadable(_ reason: String) -> DRError {
      DRError(.malformed, "read a request", reason: reason, remedy: "see drctl testbed gluster --help")
    }
  }
}
