#!/usr/bin/env python3
"""Makes primitives/: small networks of the primitives and shapes that no exporter's file in made/ has, with what nir_reference.py computes.

  python -m venv /tmp/nir && /tmp/nir/bin/pip install nir && /tmp/nir/bin/python tests/reference/nir/primitives.py

A network is NAME.nir, by nir.write; NAME1.safetensors and on have x, NODE.spikes, NODE.voltage and output, [steps, samples, ...], for the
options of cases.json. Seeds are drawn on until no membrane potential is near its threshold, so that float32 gives the same spikes.
"""
import json, pathlib, struct
import nir, numpy as np
import nir_reference as reference

HERE = pathlib.Path(__file__).parent / 'primitives'
STEPS, SAMPLES = 20, 2
full = lambda shape, value: np.full(shape, value, np.float32)


def lif(rng, shape, **more):
    u = lambda a, b: rng.uniform(a, b, shape).astype(np.float32)
    return nir.LIF(**{**dict(tau=u(2e-4, 1e-3), r=u(2, 6), v_leak=u(-.2, .2), v_threshold=u(.3, .8), v_reset=u(-.3, .1)), **more})


def cuba(rng, shape, spiking=True, **more):
    u = lambda a, b: rng.uniform(a, b, shape).astype(np.float32)
    p = dict(tau_syn=u(1.5e-4, 6e-4), tau_mem=u(2e-4, 1e-3), r=u(2, 5), v_leak=u(-.2, .2), w_in=u(1, 3))
    if spiking: p.update(v_threshold=u(.3, .8), v_reset=u(-.2, .1))
    return (nir.CubaLIF if spiking else nir.CubaLI)(**{**p, **more})


def chain(shape, out, *nodes):
    names = ['input', *(name for name, _ in nodes), 'output']
    all = {'input': nir.Input(np.array(shape)), **dict(nodes), 'output': nir.Output(np.array(out))}
    return all, list(zip(names, names[1:]))


def weight(rng, *shape):
    return (rng.normal(size=shape) * 1.6 / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def bias(rng, *shape):
    return (.3 * rng.normal(size=shape)).astype(np.float32)


def conv1d(rng):
    conv = lambda w, **p: nir.Conv1d(**{**dict(input_shape=12, weight=w, stride=1, padding=0, dilation=1, groups=1, bias=bias(rng, w.shape[0])), **p})
    return chain((4, 12), (2, 12), ('c1', conv(weight(rng, 6, 2, 3), padding=2, dilation=2, groups=2)), ('n1', lif(rng, (6, 12))),
                 ('c2', conv(weight(rng, 2, 6, 4), padding='same')), ('n2', lif(rng, (2, 12), tau=full((2, 12), 5e-4), r=full((2, 12), 4.))))


def conv2d(rng):
    conv = lambda w, **p: nir.Conv2d(**{**dict(input_shape=(9, 7), weight=w, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, bias=bias(rng, w.shape[0])), **p})
    return chain((2, 9, 7), (3, 3, 2), ('c1', conv(weight(rng, 4, 2, 2, 4), padding='same', dilation=(3, 1))), ('n1', lif(rng, (4, 9, 7))),
                 ('p1', nir.AvgPool2d(np.array([2, 3]), np.array([2, 2]), np.array([1, 1]))),
                 ('c2', conv(weight(rng, 3, 4, 3, 2), stride=(2, 1), padding=(1, 0))),
                 ('n2', nir.IF(r=full((3, 3, 3), 9000.), v_threshold=full((3, 3, 3), .7), v_reset=full((3, 3, 3), -.1))),
                 ('p2', nir.SumPool2d(np.array([1, 2]), np.array([1, 1]), np.array([0, 0]))),
                 ('n3', nir.LI(tau=full((3, 3, 2), 4e-4), r=full((3, 3, 2), 1.5), v_leak=full((3, 3, 2), .1))))


def scales(rng):
    return chain((5,), (4,), ('s', nir.Scale(rng.uniform(.5, 2, 5).astype(np.float32))), ('t', nir.Threshold(rng.uniform(.3, .6, 5).astype(np.float32))),
                 ('d', nir.Delay(np.array([0, 1, 2, 3, 2]) * 1e-4)), ('i', nir.I(rng.uniform(2000, 4000, 5).astype(np.float32))),
                 ('a', nir.Affine(weight(rng, 4, 5), bias(rng, 4))), ('n', lif(rng, (4,))))


def synapses(rng):
    nodes, edges = chain((6,), (3,), ('a1', nir.Linear(weight(rng, 7, 6))), ('n1', cuba(rng, (7,))), ('a2', nir.Linear(weight(rng, 5, 7))),
                         ('n2', cuba(rng, (5,), v_leak=full((5,), 0.))), ('a3', nir.Linear(weight(rng, 3, 5))), ('n3', cuba(rng, (3,), False)))
    return nodes, edges


def loops(rng):
    nodes, edges = chain((5,), (3,), ('a1', nir.Affine(weight(rng, 6, 5), bias(rng, 6))), ('n1', lif(rng, (6,))), ('a2', nir.Affine(weight(rng, 4, 6), bias(rng, 4))),
                         ('n2', lif(rng, (4,))), ('a3', nir.Linear(weight(rng, 3, 4))), ('n3', lif(rng, (3,))))
    nodes |= dict(back=nir.Affine(weight(rng, 6, 4), bias(rng, 6)), side=nir.Linear(weight(rng, 4, 4)))
    return nodes, edges + [('n2', 'back'), ('back', 'n1'), ('n2', 'side'), ('side', 'n2'), ('n3', 'n3')]


def blocks(rng):
    return chain((3, 4), (3, 2), ('a', nir.Affine(weight(rng, 3, 2, 4), bias(rng, 3, 2))), ('n', lif(rng, (3, 2))))


CASES = dict(
    conv1d=(conv1d, [{}]), conv2d=(conv2d, [dict(start='leak'), dict(gain_if='unit', reset='subtract-late')]), scales=(scales, [{}]), loops=(loops, [{}]), blocks=(blocks, [{}]),
    synapses=(synapses, [dict(start='reset'), dict(method='exponential', reset='subtract', start='leak'), dict(gain='unit', gain_syn='unit'), dict(method='exponential', gain='euler', reset='zero-late')]))


def save(path, tensors):
    head, data = {}, b''
    for k, v in tensors.items():
        b = np.ascontiguousarray(v, np.float32).tobytes(); head[k] = dict(dtype='F32', shape=list(v.shape), data_offsets=[len(data), len(data) + len(b)]); data += b
    h = json.dumps(head).encode(); h += b' ' * (-len(h) % 8); path.write_bytes(struct.pack('<Q', len(h)) + h + data)


def make(name, build, variants):
    for seed in range(1000):
        rng = np.random.default_rng(seed); nodes, edges = build(rng)
        path = HERE / f'{name}.nir'; nir.write(path, nir.NIRGraph(nodes, edges, type_check=False), compression=None)
        x = rng.random((STEPS, SAMPLES, *nodes['input'].input_type['input'])).astype(np.float32)
        if name != 'scales': x = (x < .35).astype(np.float32)
        flat, wires = reference.load(path); runs, near = [], np.inf
        for options in variants:
            found = reference.run(flat, wires, x, **options); tensors = dict(x=x)
            for n, p in flat.items():
                if 'v' not in found[n]: continue
                if 'v_threshold' in p:
                    near = min(near, np.abs(found[n]['pre'] - p['v_threshold']).min()); tensors[f'{n}.spikes'] = found[n]['out']
                tensors[f'{n}.voltage'] = found[n]['v']
            if 't' in nodes: near = min(near, np.abs(x * nodes['s'].scale - nodes['t'].threshold).min())
            runs.append({**tensors, 'output': reference.output(flat, wires, found)})
        rates = [float(t[k].mean()) for t in runs for k in t if k.endswith('.spikes')]
        if near < 1e-4 or min(rates) < .02 or max(rates) > .7: continue
        print(f'{name:10} seed {seed}, rates {[round(r, 3) for r in rates]}, nearest {near:.1e}, {path.stat().st_size} bytes')
        for i, tensors in enumerate(runs): save(HERE / f'{name}{i + 1}.safetensors', tensors)
        return [dict(nir=f'{name}.nir', io=f'{name}{i + 1}.safetensors', options=dict(dt=1e-4, **o)) for i, o in enumerate(variants)]
    raise SystemExit(f'{name}: no seed will do')


HERE.mkdir(exist_ok=True)
(HERE / 'cases.json').write_text(json.dumps([case for name, what in CASES.items() for case in make(name, *what)], indent=1) + '\n')
