import DRKit
import Simulator

/// What the test bed reads: bed files, requests of any client, JSON of QEMU's programs.
package enum BedParsers {
  package static let all = [bedFile, xml, json, request, labJSON]

  private static let bed = """
    seed: 7
    clusters: [Default]
    domains:
      - { name: data, address: gluster1.example, path: /data, available: 1TiB }
    disks:
      - { name: web-root, domain: data, format: cow, size: 64MiB }
    machines:
      - { name: web, status: up, disks: [web-root] }
    delays: { volumes: 150ms, switching: 150ms, merge: 300ms, update-ovf: 100ms }
    faults:
      - { on: createSnapshot, machine: web, first: 1, last: 3, refuse: 409, text: "VM is locked." }
      - { on: removeSnapshot, machine: web, first: 1, fail: "block commit failed" }

    """

  static let bedFile = FuzzedParser("bed-file", [bed]) { bytes in
    let description = try BedDescription(yaml: String(decoding: bytes, as: UTF8.self), file: "bed.yaml")
    _ = try description.model(now: Instant(epochSeconds: 1_700_000_000))
  }

  private static let id = "0a2b4c6d-1111-4222-8333-444455556666"

  static let xml = FuzzedParser(
    "bed-xml",
    [
      """
      <?xml version="1.0"?><!-- c --><snapshot id="\(id)"><description>a &amp; &#x41; <![CDATA[b<]]></description>
      <persist_memorystate>false</persist_memorystate><disk_attachments><disk_attachment><disk id='\(id)'/>
      </disk_attachment></disk_attachments></snapshot>
      """, "<action/>",
    ]
  ) { bytes in _ = try XMLReader.read(bytes) }

  private static let snapshot = """
    {"description":"a\\n\\u00e9\\ud83d\\ude00","persist_memorystate":false,"n":-1.5e3,"x":null,\
    "disk_attachments":{"disk_attachment":[{"disk":{"id":"\(id)","image_id":"\(id)"}}]}}
    """

  static let json = FuzzedParser("bed-json", [snapshot, "{}"]) { bytes in _ = try JSONReader.read(bytes) }

  static let labJSON = FuzzedParser(
    "lab-json",
    [
      """
      {"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}
      """,
      """
      {"timestamp": {"seconds": 1700000000, "microseconds": 5}, "event": "JOB_STATUS_CHANGE",\
       "data": {"status": "concluded", "id": "m1", "x": [true, null, 1.5e-3]}}
      """, snapshot,
    ]
  ) { bytes in
    let value = try LabJSON(parsing: bytes)
    _ = value["event"]?.string
    // What is written again must say the same.
    guard (try? LabJSON(parsing: Array("\(value)".utf8))) == value else {
      throw FuzzedFlaw("JSON that does not come back from its own text")
    }
  }

  /// A request line, a content type, and a body: the engine's whole service answers it.
  static let request = FuzzedParser(
    "bed-request", share: 40,
    [
      "GET /ovirt-engine/api/vms;max=2?search=name%3Dweb&follow=disk_attachments.disk\nNone\n",
      "POST /ovirt-engine/api/vms/\(id)/snapshots\napplication/json\n\(snapshot)",
      "POST /ovirt-engine/api/events\napplication/xml\n<event><description>x</description><severity>normal</severity>"
        + "<origin>drkit</origin><custom_id>7</custom_id></event>",
      "GET /ovirt-engine/api/storagedomains?max=-1\napplication/xml\n",
      "DELETE /ovirt-engine/api/vms/\(id)/snapshots/\(id)\napplication/json\n",
      "POST /ovirt-engine/sso/oauth/token\napplication/x-www-form-urlencoded\n"
        + "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret",
    ]
  ) { bytes in
    let parts = bytes.split(separator: 0x0a, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return }
    let line = String(decoding: parts[0], as: UTF8.self).split(separator: " ", maxSplits: 1).map(String.init)
    guard line.count == 2 else { return }
    let now = Instant(epochSeconds: 1_700_000_000)
    var engine = try BedDescription.standard.model(now: now)
    var service = EngineService(credentials: BedCredentials(user: "admin@internal", password: "secret"))
    let headers: [(name: String, value: String)] = [
      ("Authorization", "Basic YWRtaW5AaW50ZXJuYWw6c2VjcmV0"),
      ("Content-Type", String(decoding: parts[1], as: UTF8.self)), ("Version", "4"),
    ]
    let response = service.respond(
      to: BedRequest(line[0], line[1], headers: headers, body: Array(parts[2])), engine: &engine, now: now)
    guard (200...599).contains(response.status) else {
      throw FuzzedFlaw("an answer with HTTP \(response.status)")
    }
  }
}
