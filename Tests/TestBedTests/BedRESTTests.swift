import DRKit
import Simulator
import TestBed
import Testing

struct BedRESTTests {
  static let faces = ["application/xml", "application/json"]

  @Test(arguments: faces)
  func `the root, lists and single things answer in both representations`(face: String) async throws {
    let bed = try await Bed()
    let web = await bed.machine("web")
    let disk = await bed.disk("web-root")
    let domain = await bed.domain("data")
    let active = web.snapshots[0].id
    for path in [
      "", "/v4", "/vms", "/vms/\(web.id)", "/vms/\(web.id)/diskattachments",
      "/vms/\(web.id)/diskattachments/\(disk.id)", "/vms/\(web.id)/snapshots",
      "/vms/\(web.id)/snapshots/\(active)", "/vms/\(web.id)/snapshots/\(active)/disks", "/disks",
      "/disks/\(disk.id)", "/storagedomains", "/storagedomains/\(domain.id)",
      "/storagedomains/\(domain.id)/vms",
      "/storagedomains/\(domain.id)/disks", "/storagedomains/\(domain.id)/disksnapshots?include_active=true",
      "/storagedomains/\(domain.id)/vms?unregistered=true", "/events", "/jobs", "/datacenters", "/clusters",
    ] {
      let answer = await bed.call("GET", path, accept: face)
      #expect(answer.status == 200, "\(path)")
      #expect(answer.header("Content-Type")?.hasPrefix(face) == true, "\(path)")
      #expect(answer.text.hasPrefix(face == "application/xml" ? "<?xml" : "{"), "\(path)")
    }
  }

  @Test func `hrefs begin with the path of the connection`() async throws {
    let bed = try await Bed()
    let text = await bed.call("GET", "/vms?follow=disk_attachments.disk").text
    let hrefs = text.split(separator: "href=\"").dropFirst()
    #expect(hrefs.count > 20)
    #expect(hrefs.allSatisfy { $0.hasPrefix("/ovirt-engine/api/") })
    #expect(text.contains("<disk_attachments>") && text.contains("<alias>web-root</alias>"))
  }

  @Test func `an empty list is an empty element, and an empty object`() async throws {
    let bed = try await Bed()
    #expect(await bed.call("GET", "/vms?search=name%3Dnobody").text.contains("<vms/>"))
    #expect(await bed.call("GET", "/vms?search=name%3Dnobody", accept: "application/json").text == "{}")
  }

  @Test func `an attached domain shows its status under the data centre alone`() async throws {
    let bed = try await Bed()
    let domain = await bed.domain("data")
    let dataCenter = await bed.rest.bed.engine.dataCenter.id
    #expect(await !bed.call("GET", "/storagedomains/\(domain.id)").text.contains("<status>"))
    let inside = await bed.call("GET", "/datacenters/\(dataCenter)/storagedomains/\(domain.id)").text
    #expect(inside.contains("<status>active</status>"))
    #expect(
      await bed.call("GET", "/storagedomains?search=status%3Dactive").text.contains("<name>data</name>"))
  }

  @Test func `a disk's snapshot has the volume as its id, and no image id`() async throws {
    let bed = try await Bed()
    let domain = await bed.domain("data")
    let disk = await bed.disk("web-root")
    let volume = try #require(disk.activeVolume)
    let text = await bed.call("GET", "/storagedomains/\(domain.id)/disksnapshots?include_active").text
    #expect(text.contains("disksnapshots/\(volume)\" id=\"\(volume)\""))
    #expect(text.contains("<disk href=\"/ovirt-engine/api/disks/\(disk.id)\" id=\"\(disk.id)\"/>"))
    #expect(!text.contains("<image_id>"))
  }

  @Test func `a LUN has no volume, format or domain`() async throws {
    let bed = try await Bed()
    let lun = await bed.disk("app-lun")
    let text = await bed.call("GET", "/disks/\(lun.id)").text
    #expect(text.contains("<storage_type>lun</storage_type>"))
    for element in ["<image_id>", "<format>", "<storage_domains>", "<status>"] {
      #expect(!text.contains(element))
    }
  }

  @Test(arguments: faces)
  func `unknown ids are 404: empty for a machine, a fault for a snapshot`(face: String) async throws {
    let bed = try await Bed()
    let web = await bed.machine("web")
    let unknown = "00000000-0000-4000-8000-000000000000"
    let nobody = await bed.call("GET", "/vms/\(unknown)", accept: face)
    #expect(nobody.status == 404)
    #expect(nobody.body.isEmpty)
    for id in [unknown, "None"] {
      let nothing = await bed.call("GET", "/vms/\(web.id)/snapshots/\(id)", accept: face)
      #expect(nothing.status == 404)
      #expect(nothing.text.contains("Entity not found"))
    }
    for path in ["/nothing", "/vms/\(web.id)/nothing", "/disks/\(unknown)", "/events/99", "/jobs/\(unknown)"]
    {
      #expect(await bed.call("GET", path, accept: face).status == 404, "\(path)")
    }
  }

  @Test func `a malformed id is a 400, an unacceptable representation a 406, an unknown version a 400`()
    async throws
  {
    let bed = try await Bed()
    let malformed = await bed.call("GET", "/vms/xyz")
    #expect(malformed.status == 400)
    #expect(malformed.text.contains("<reason>Operation failed</reason>"))
    #expect(await bed.call("GET", "/vms", accept: "text/html").status == 406)
    #expect(await bed.call("GET", "/vms", accept: "text/html, */*;q=0.1").status == 200)
    #expect(await bed.call("GET", "/vms", headers: [("Version", "5")]).status == 400)
    #expect(await bed.call("GET", "/vms", headers: [("Version", "4")]).status == 200)
    #expect(await bed.call("GET", "/v5/vms").status == 400)
    #expect(await bed.call("GET", "/vms?max=many").status == 400)
    #expect(await bed.call("GET", "/vms?search=colour%3Dred").status == 400)
    #expect(await bed.call("PATCH", "/vms").status == 405)
    #expect(await bed.call("DELETE", "/vms").status == 405)
  }

  @Test func `the correlation id is echoed, without what a header can't carry`() async throws {
    let bed = try await Bed()
    let echoed = await bed.call("GET", "/vms", headers: [("Correlation-Id", "run-7")])
    #expect(echoed.header("Correlation-Id") == "run-7")
    let asked = await bed.call("GET", "/vms?correlation_id=a%0D%0Ab")
    #expect(asked.header("Correlation-Id") == "ab")
  }

  @Test func `all_content puts the OVF into the machine, escaped`() async throws {
    let bed = try await Bed()
    let db = await bed.machine("db")
    let text = await bed.call("GET", "/vms/\(db.id)?all_content=true").text
    #expect(text.contains("<data>&lt;?xml version="))
    #expect(await bed.call("GET", "/vms/\(db.id)", headers: [("All-Content", "true")]).status == 200)
    #expect(await !bed.call("GET", "/vms/\(db.id)").text.contains("<initialization>"))
  }
}
