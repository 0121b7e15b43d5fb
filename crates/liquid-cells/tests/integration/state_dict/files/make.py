# Made the files beside it, with torch 2.15.0 in Python 3.11. The numbers are arbitrary and exact in 16 bits.
import collections
import torch

tensors = collections.OrderedDict(
    [
        ("fc.weight", torch.tensor([[1.5, -2.0, 0.25], [4.0, 5.0, -6.5]])),
        ("transposed", torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).t()),
        ("half", torch.tensor([1.0, -0.5], dtype=torch.float16)),
        ("brain", torch.tensor([3.0, 0.125], dtype=torch.bfloat16)),
        ("double", torch.tensor([0.5], dtype=torch.float64)),
        ("mask", torch.tensor([True, False])),
        ("scalar", torch.tensor(7.0)),
        ("bn.num_batches_tracked", torch.tensor(3)),
    ]
)
torch.save(tensors, "zip.pt")
torch.save(tensors, "zip_protocol_4.pt", pickle_protocol=4)
torch.save(tensors, "pickles.pt", _use_new_zipfile_serialization=False)

linear = torch.nn.Linear(2, 1)
with torch.no_grad():
    linear.weight.copy_(torch.tensor([[0.5, -0.25]]))
    linear.bias.fill_(2.0)
optimiser = torch.optim.Adam(linear.parameters())
torch.save(linear, "module.pt")
torch.save(linear.state_dict(), "linear.pt")
torch.save(collections.OrderedDict(linear.named_parameters()), "parameters.pt")
linear(torch.ones(1, 2)).sum().backward()
weights = {f"model.{name}": tensor.clone() for name, tensor in linear.state_dict().items()}
optimiser.step()
torch.save({"epoch": 3, "state_dict": weights, "optimizer": optimiser.state_dict()}, "lightning.pt")
