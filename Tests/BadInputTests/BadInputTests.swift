import DRKit
import Foundation
import StrictYAML
import Testing

/// `docs/bad-input.md`: made from the rows, so that it can't say what drkit does not.
private enum Page {
  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("docs/bad-input.md")
  static let isWritten = ProcessInfo.processInfo.environment["DRKIT_WRITE_DOCS"] == "1"

  static func text() throws -> String { try String(contentsOf: path, encoding: .utf8) }

  /// As code, whatever backquotes and bars it holds.
  private static func code(_ text: String) -> String {
    "`` \(text.replacing("|", with: "\\|")) ``"
  }

  static func line(_ row: BadInput, _ error: String) -> String {
    "| \(row.input.replacing("|", with: "\\|").replacing("\n", with: " ⏎ ").replacing("<", with: "\\<")) | \(code(error)) |"
  }

  static let head = """
    # Bad input

    What drkit says to a bad configuration, scenario, answer, mount or database. Each row is a test: `Tests/BadInputTests` gives
    drkit the input and compares the error with this page, word for word. After a change of an error's words write the page anew
    with `DRKIT_WRITE_DOCS=1 swift test --filter BadInputTests`, and read the difference.

    Every error says what is wrong, where (file, line and column, field, or path) and what to do about it. It is one line of at most
    4 KiB, with control characters taken out: what stands in a file or an answer is not obeyed by the terminal that shows it. `DIR`
    stands for a directory of the test's own. Beyond these rows, `drctl bench fuzz` feeds every parser with mutated documents
    and looks for traps, hangs, memory that grows and errors that break this rule.


    """

  static let tail = """

    ## A state file whose log is torn

    No error: SQLite ends a write-ahead log at the first frame whose checksum is wrong. `Tests/StateStoreTests` cuts the log of a
    killed process at every frame's edges and inside frames, and zeroes and flips bytes there: every step that was committed before
    the damage is there, those behind it are not, and nothing else is ever read. (Only a log damaged *before* its end loses more than
    its last commit; a power cut tears the end.)

    ## The fuzzer

    `drctl bench fuzz --inputs 1000000` gives 39 parsers 1,000,000 mutated documents in 30 s (seed 1, release build, two cores,
    24 November 2026) and finds nothing; 6,000,000 of seed 2 took 199 s and found nothing either. `.ci/fuzz` runs 400,000 in every
    CI, after four parsers that are wrong on purpose: a trap, a hang, a leak and an unreadable error must each be found. What it
    and its tests found before:

    | found | what became of it |
    |---|---|
    | Foundation's `XMLParser` traps on an element's name that is no UTF-8 | gluster's answers have a reader of their own, `AnswerReader` |
    | it crashes on `<?xml?><cliOutput>…`, a declaration without a version | the same |
    | it leaks about 1.2 KB with every refused answer | the same |
    | an error text that grew when its control characters were replaced | the limit counts what is shown |
    | line separators and marks that turn the writing round in an error text | taken out like control characters |
    | a pathinfo of brackets gave a brick without a path | a brick's path begins with `/`, its host has none |
    | the bed's JSON took `nan` for a number, the laboratory's one that is too large | refused |

    ## What is not shown here

    A mount whose bricks are gone for good (a call that hangs until `network.ping-timeout`) needs a real FUSE mount and root: the
    laboratory does it (`Tests/Lab`). Here `ENOTCONN` and its like are given to the function that puts them into words.

    """

  static func whole() async throws -> String {
    var out = head
    for kind in BadInput.Kind.allCases {
      out += "## \(kind.rawValue)\n\n| input | error |\n|---|---|\n"
      for row in BadInput.all where row.kind == kind { out += line(row, try await row.shown()) + "\n" }
      out += kind == BadInput.Kind.allCases.last ? "" : "\n"
    }
    return out + tail
  }
}

@Suite("Bad input: every row of docs/bad-input.md")
struct BadInputTests {
  @Test("gives the error that is shown there", .enabled(if: !Page.isWritten), arguments: BadInput.all)
  func row(_ row: BadInput) async throws {
    let line = Page.line(row, try await row.shown())
    let lines = Set(try Page.text().split(separator: "\n").map(String.init))
    #expect(lines.contains(line), "\(line)")
  }

  @Test("is a row of ours, in order, and there are more than a hundred")
  func page() async throws {
    let whole = try await Page.whole()
    if Page.isWritten { try Data(whole.utf8).write(to: Page.path) }
    #expect(try Page.text() == whole)
    #expect(BadInput.all.count >= 100)
    #expect(Set(BadInput.all.map(\.testDescription)).count == BadInput.all.count)
  }

  /// The other side's own words, or a thing that is just not there: the place is all that can be said.
  private static let others: Set<DRError.Kind> = [.missing]

  @Test("says what to do", arguments: BadInput.all)
  func remedy(_ row: BadInput) async throws {
    let error = try #require(try await row.give())
    #expect(FuzzedParser.complaint(about: error) == nil)
    switch error {
    case let error as DRError:
      #expect(!error.remedy.isEmpty || Self.others.contains(error.kind), "\(error)")
      #expect(!error.reason.isEmpty && !error.operation.isEmpty)
    case let error as StrictYAMLError:
      #expect(!error.remedy.isEmpty && error.line > 0, "\(error)")
    default: Issue.record("an error of another type: \(type(of: error))")
    }
  }
}
