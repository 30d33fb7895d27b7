import PipelineModel
import Testing

@testable import Executors

/// What drivers of several versions write, good and broken.
@Suite struct NvidiaSMITests {
    @Test("devices are read with their names, memory, driver and place on the bus")
    func devices() {
        let text = """
            GPU-5f3a1b2c-0000-1111-2222-333344445555, 0, NVIDIA A100-SXM4-40GB, 40960, 550.54.15, 00000000:3B:00.0
            GPU-91c0aaaa-0000-1111-2222-333344445555, 1, NVIDIA A100-SXM4-40GB, 40960, 550.54.15, 00000000:AF:00.0

            """
        let devices = NvidiaSMI.devices(text)
        #expect(devices.count == 2)
        #expect(devices.first?.uuid == "GPU-5f3a1b2c-0000-1111-2222-333344445555")
        #expect(devices.first?.memory == .gibibytes(40))
        #expect(devices.first?.driver == "550.54.15")
        #expect(devices.map(\.bus) == ["0000:3b:00", "0000:af:00"])
        #expect(devices.allSatisfy { $0.failure == nil })
    }

    @Test(
        "a device that fails is told from one that works",
        arguments: [
            ("GPU-a, 0, L4, 23034, 550.54, 00000000:3B:00.0", nil),
            ("[GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], 550.54, 00000000:3B:00.0", "GPU is lost"),
            ("GPU-a, 0, L4, ERR!, 550.54, 00000000:3B:00.0", "nvidia-smi reads an error in place of its values"),
            (
                "GPU-a, 0, L4, [Unknown Error], 550.54, 00000000:3B:00.0",
                "nvidia-smi reads an error in place of its values"
            ),
            ("GPU-a, 0, L4, 23034, 550.54, [GPU requires reset]", "GPU requires reset"),
            (
                "Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover",
                "GPU is lost"
            ),
            ("Unable to determine the device handle for GPU0: 0000:3B:00.0: Unknown Error", "GPU is lost"),
        ] as [(String, String?)])
    func failures(line: String, failure: String?) {
        #expect(NvidiaSMI.devices(line).map(\.failure) == [failure])
    }

    @Test(
        "what is no line about a device is none",
        arguments: [
            "No devices were found", "",
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
            "Failed to initialize NVML: Driver/library version mismatch", ",,,", "a,b",
        ])
    func noise(text: String) {
        #expect(NvidiaSMI.devices(text).isEmpty)
    }

    @Test("processes are read, and a memory that the driver does not say is none")
    func processes() {
        let text = "GPU-a, 20144, 31744\nGPU-b, 7, [N/A]\n[Not Supported]\nGPU-c, -3, 1\n"
        #expect(
            NvidiaSMI.processes(text) == [
                .init(gpu: "GPU-a", pid: 20144, memory: .gibibytes(31)), .init(gpu: "GPU-b", pid: 7, memory: nil),
            ])
    }

    @Test("what devices draw is read, of those that have a meter")
    func power() {
        #expect(
            NvidiaSMI.power("GPU-a, 61.25\nGPU-b, [N/A]\nGPU-c, ERR!\nGPU-d, -1\nGPU-e, 0.00\nno line\n")
                == ["GPU-a": 61.25, "GPU-e": 0])
    }

    @Test("the kernel's log tells of a device that fell off the bus, and of nothing else")
    func kernelLog() {
        let record = """
            4,1204,885931,-;NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
             SUBSYSTEM=pci
            """
        let fault = KernelLog.fault(record)
        #expect(fault == .init(sequence: 1204, bus: "0000:3b:00", xid: 79, text: "GPU has fallen off the bus."))
        #expect(fault?.words == "Xid 79, GPU has fallen off the bus.")
        #expect(KernelLog.fault("6,1,2,-;usb 1-1: new device") == nil)
        #expect(KernelLog.fault("4,x,885931,-;NVRM: Xid (PCI:0000:3b:00): 79, a") == nil)
        #expect(KernelLog.fault("4,5,885931,-;NVRM: Xid (PCI:0000:3b:00") == nil)
        #expect(!KernelLog.fatal.contains(31))
    }
}
