"""Makes the cases of this folder: networks of PyTorch's frameworks as a user has them, and what they answer.

NAME.safetensors is the state_dict as safetensors.torch saves it, NAME.io.safetensors has x [steps, batch, inputs] and the spikes of both
layers, `hidden` and `out` [steps, batch, units]. NAME.json, written by hand, is the network in Spikelet's words, as docs/pytorch.md reads
it. Made with torch 2.15.0, snntorch 1.0.0, norse 1.1.0, spikingjelly 2.0.0, sinabs 3.1.3: python3 make.py
"""
import os
import torch
from torch import nn
from safetensors.torch import save_file

FOLDER = os.path.dirname(os.path.abspath(__file__))
STEPS, BATCH, INPUTS, HIDDEN, OUTPUTS = 20, 3, 6, 12, 4


def keep(name, state, x, hidden, out):
    save_file({key: value.detach().clone().contiguous() for key, value in state.items()}, f"{FOLDER}/{name}.safetensors")
    io = {"x": x, "hidden": hidden, "out": out}
    save_file({key: value.detach().float().contiguous() for key, value in io.items()}, f"{FOLDER}/{name}.io.safetensors")
    print(name, hidden.mean().item(), out.mean().item(), list(state))


def inputs(gain=1.0):
    return (torch.rand(STEPS, BATCH, INPUTS) < 0.4).float() * gain


def snntorch(name, **options):
    import snntorch as snn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(INPUTS, HIDDEN), nn.Linear(HIDDEN, OUTPUTS)
            self.lif1 = snn.Leaky(beta=0.9, **options)
            self.lif2 = snn.Leaky(beta=torch.tensor([0.5, 0.7, 0.8, 0.95]), threshold=0.6, **options)

        def forward(self, x):
            mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
            hidden, out = [], []
            for step in x:
                spikes, mem1 = self.lif1(self.fc1(step), mem1)
                hidden.append(spikes)
                spikes, mem2 = self.lif2(self.fc2(spikes), mem2)
                out.append(spikes)
            return torch.stack(hidden), torch.stack(out)

    net, x = Net(), inputs(2)
    keep(name, net.state_dict(), x, *net(x))


def snntorch_recurrent():
    import snntorch as snn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(INPUTS, HIDDEN), nn.Linear(HIDDEN, OUTPUTS)
            self.lif1 = snn.RLeaky(beta=0.8, linear_features=HIDDEN, reset_mechanism="zero")
            self.lif2 = snn.Synaptic(alpha=0.7, beta=0.9)

    net, x = Net(), inputs(3)
    with torch.no_grad():
        net.fc2.weight *= 2
    spikes, mem1 = net.lif1.init_rleaky()
    syn2, mem2 = net.lif2.init_synaptic()
    hidden, out = [], []
    for step in x:
        spikes, mem1 = net.lif1(net.fc1(step), spikes, mem1)
        hidden.append(spikes)
        fired, syn2, mem2 = net.lif2(net.fc2(spikes), syn2, mem2)
        out.append(fired)
    keep("snntorch_recurrent", net.state_dict(), x, torch.stack(hidden), torch.stack(out))


def norse():
    import norse.torch as norse

    lif = lambda: norse.LIFCell(norse.LIFParameters(tau_mem_inv=torch.tensor(100.0), tau_syn_inv=torch.tensor(200.0)))
    net, x = nn.ModuleList([nn.Linear(INPUTS, HIDDEN), lif(), nn.Linear(HIDDEN, OUTPUTS), lif()]), inputs(4)
    with torch.no_grad():
        net[2].weight *= 8
    states, hidden, out = [None, None], [], []
    for step in x:
        spikes, states[0] = net[1](net[0](step), states[0])
        hidden.append(spikes)
        spikes, states[1] = net[3](net[2](spikes), states[1])
        out.append(spikes)
    keep("norse", net.state_dict(), x, torch.stack(hidden), torch.stack(out))


def spikingjelly(name, first, second):
    from spikingjelly.activation_based import layer, neuron

    net = nn.Sequential(layer.Linear(INPUTS, HIDDEN), first(neuron), layer.Linear(HIDDEN, OUTPUTS), second(neuron))
    with torch.no_grad():
        net[2].weight *= 5
    x, hidden, out = inputs(5), [], []
    for step in x:
        spikes = net[1](net[0](step))
        hidden.append(spikes)
        out.append(net[3](net[2](spikes)))
    keep(name, net.state_dict(), x, torch.stack(hidden), torch.stack(out))


def sinabs(name, gain, **options):
    import sinabs.layers as sl
    from sinabs.activation import SingleSpike

    lif = lambda tau: sl.LIF(tau_mem=tau, spike_fn=SingleSpike, **options)
    net = nn.Sequential(nn.Linear(INPUTS, HIDDEN), lif(10.0), nn.Linear(HIDDEN, OUTPUTS), lif(5.0))
    with torch.no_grad():
        net[2].weight *= 3 * gain / 2
    x = inputs(gain)
    hidden = net[1](net[0](x.transpose(0, 1)))
    out = net[3](net[2](hidden))
    keep(name, net.state_dict(), x, hidden.transpose(0, 1), out.transpose(0, 1))


for seed, make in enumerate(
    [
        lambda: snntorch("snntorch"),
        lambda: snntorch("snntorch_zero", reset_mechanism="zero"),
        lambda: snntorch("snntorch_at_once", reset_delay=False),
        norse,
        lambda: spikingjelly("spikingjelly", lambda n: n.LIFNode(tau=2.0), lambda n: n.LIFNode(tau=4.0, decay_input=False)),
        lambda: sinabs("sinabs", 2, norm_input=False),
        snntorch_recurrent,
        lambda: spikingjelly("spikingjelly_soft", lambda n: n.LIFNode(tau=2.0, v_reset=None), lambda n: n.IFNode(v_reset=None)),
        lambda: sinabs("sinabs_synapse", 12, tau_syn=4.0),
    ]
):
    torch.manual_seed(seed)
    make()
