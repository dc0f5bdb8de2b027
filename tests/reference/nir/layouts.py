#!/usr/bin/env python3
"""Makes layouts/: one network, its numbers laid out in every way that HDF5 has for nir.write and h5py. The weight [20, 15] has i % 7 / 4 at place i.

  /tmp/nir/bin/python tests/reference/nir/layouts.py     (primitives.py says how to get it)
"""
import pathlib
import h5py, numpy as np

HERE = pathlib.Path(__file__).parent / 'layouts'
# Chunks of [7, 4] reach over the edges of [20, 15].
LAYOUTS = dict(contiguous={}, gzip=dict(chunks=(7, 4), compression='gzip'), lzf=dict(chunks=(7, 4), compression='lzf'),
               checked=dict(chunks=(7, 4), compression='gzip', shuffle=True, fletcher32=True), chunked=dict(chunks=(7, 4)), many=dict(chunks=(1, 1)))
weight = (np.arange(300) % 7 / 4).astype(np.float32).reshape(20, 15)


def write(path, options, **file):
    with h5py.File(path, 'w', **file) as f:
        text = h5py.string_dtype(); f.create_dataset('version', data='1.0.8', dtype=text)
        node = f.create_group('node'); node['type'] = 'NIRGraph'; nodes = node.create_group('nodes')
        node.create_dataset('edges', data=[['input', 'fc'], ['fc', 'lif'], ['lif', 'output']], dtype=text)
        for name, kind, fields in (('input', 'Input', dict(shape=np.array([15]))), ('output', 'Output', dict(shape=np.array([20]))), ('fc', 'Linear', dict(weight=weight)),
                                   ('lif', 'LIF', {k: np.full(20, v) for k, v in dict(tau=2e-4, r=2, v_leak=0, v_reset=0, v_threshold=1).items()})):
            g = nodes.create_group(name); g['type'] = kind
            for k, v in fields.items(): g.create_dataset(k, data=v, **(options if v.ndim == 2 else {}))


HERE.mkdir(exist_ok=True)
for name, options in LAYOUTS.items(): write(HERE / f'{name}.nir', options)
write(HERE / 'latest.nir', dict(chunks=(7, 4), compression='gzip'), libver='latest')
